<?php
// A till in PHP: prints the outcome, or the sentence of the Fault as the person at the till would read it.
// Arguments: the WSDL, userId, password, the id (may be empty).
[, $wsdl, $user, $password, $id] = $argv;
$headers = $id === '' ? [] : ["Authorization2F: Bearer $id"];
$context = stream_context_create([
    'ssl' => ['verify_peer' => false, 'verify_peer_name' => false],
    'http' => ['header' => $headers],
]);
$client = new SoapClient($wsdl, [
    'login' => $user, 'password' => $password, 'stream_context' => $context, 'cache_wsdl' => WSDL_CACHE_NONE,
]);
try {
    echo $client->dispense(['nre' => '1200A4000000001'])->outcome;
} catch (SoapFault $fault) {
    echo $fault->getMessage();
}
