<?php
// The life of an id with PHP's SoapClient. Environment and lines printed: tests/clients/test_life.py.
function env(string $name): string { return getenv("A2F_$name"); }

function client(string $password): SoapClient {
    return new SoapClient(env('WSDL'), [
        'location' => env('ADDRESS'), 'login' => env('USER'), 'password' => $password, 'cache_wsdl' => WSDL_CACHE_NONE,
    ]);
}

// Prints a step and its outcome: 0, the code of the error, or the sentence of the Fault. Returns the reply.
function step(string $name, SoapClient $client, string $operation, array $message): ?object {
    try {
        $reply = $client->__soapCall($operation, [$message]);
    } catch (SoapFault $fault) {
        echo "$name {$fault->faultstring}\n";
        return null;
    }
    $errors = $reply->errori->errore ?? null;
    $error = is_array($errors) ? $errors[0] : $errors;
    echo "$name ", $error === null ? $reply->codEsito : $error->codEsito, "\n";
    return $reply;
}

$own = [
    'userId' => env('USER'), 'identificativo' => ['tipo' => 'P', 'valore' => env('PINCODE')], 'cfUtente' => env('CF'),
    'contesto' => 'RICETTA-DEM', 'applicazione' => 'EROGATORE',
];
$place = ['codRegione' => env('REGION'), 'codAslAo' => env('ASL'), 'codSsa' => env('SSA'), 'codiceStruttura' => ''];
$client = client(env('PASSWORD'));
$created = step('create', $client, 'create', $own + $place);
$notes = $created->comunicazioni->comunicazione;
$token = ['token' => (is_array($notes) ? $notes[0] : $notes)->messaggio];
$checked = step('check', $client, 'checkToken', $own + $token);
echo "state {$checked->infoToken->descrizione}\n";
step('revoke', $client, 'revoke', $own + $token);
step('again', $client, 'revoke', $own + $token);
step('revoked', $client, 'checkToken', $own + $token);
step('expired', $client, 'checkToken', $own + ['token' => env('EXPIRED')]);
step('unknown', $client, 'checkToken', $own + ['token' => '00000000-0000-4000-8000-000000000000']);
step('password', client('sbagliata'), 'create', $own + $place);
