# The life of an id with SOAP::Lite. Environment and lines printed: tests/clients/test_life.py.
# SOAP::Lite writes no messages from a WSDL with schemas: it gives the address and the actions, the elements are spelled here.
use strict;
use warnings;
use MIME::Base64 qw(encode_base64);
use SOAP::Lite;

my $MESSAGES = 'http://authservice.xsd.wsdl.auth.a2f.sts.sanita.finanze.it';
my $TYPES    = 'http://datatype.xsd.wsdl.auth.a2f.sts.sanita.finanze.it';
my $wsdl      = env('WSDL') =~ m{://} ? env('WSDL') : 'file://' . env('WSDL');
my $described = SOAP::Schema->schema_url($wsdl)->parse->services;
my ($operations) = values %$described;

sub env { return $ENV{"A2F_$_[0]"} }
sub field { return SOAP::Data->name( $_[0] )->type( '' )->value( $_[1] )->prefix('m') }    # no xsi:type
sub typed { return SOAP::Data->name( $_[0] => $_[1] )->prefix('d') }    # with xsi:type, as SOAP::Lite writes it by itself

sub own {
    my $pincode = SOAP::Data->name( identificativo => \SOAP::Data->value( typed( tipo => 'P' ), typed( valore => env('PINCODE') ) ) );
    return ( field( userId => env('USER') ), $pincode->prefix('m'), field( cfUtente => env('CF') ) );
}
sub context { return ( field( contesto => 'RICETTA-DEM' ), field( applicazione => 'EROGATORE' ) ) }
sub about { return ( own(), field( token => $_[0] ), context() ) }

sub everything {
    my @place = ( field( codRegione => env('REGION') ), field( codAslAo => env('ASL') ), field( codSsa => env('SSA') ) );
    return ( own(), @place, field( codiceStruttura => '' ), context() );
}

# Prints a step and its outcome: 0, the code of the error, or the sentence of the Fault. Returns the reply.
sub step {
    my ( $name, $operation, $root, $password, @fields ) = @_;
    my $user  = env('USER');
    my $client = SOAP::Lite->proxy( env('ADDRESS') )->on_action( sub { qq("$operations->{$operation}{soapaction}") } )
        ->autotype(1)->on_fault( sub { return $_[1] } );
    $client->serializer->register_ns( $MESSAGES, 'm' );
    $client->serializer->register_ns( $TYPES,    'd' );
    $client->transport->default_header( Authorization => 'Basic ' . encode_base64( "$user:$password", '' ) );
    my $reply = $client->call( SOAP::Data->name($root)->prefix('m') => @fields );
    if ( ref $reply && $reply->fault ) { print "$name ", $reply->faultstring, "\n" }
    elsif ( !ref $reply ) { print "$name $reply\n" }
    else { print "$name ", $reply->valueof('//errori/errore/codEsito') // $reply->valueof('//codEsito'), "\n" }
    return $reply;
}

binmode STDOUT, ':utf8';
my $right   = env('PASSWORD');
my $created = step( 'create', 'create', 'CreateAuthReq', $right, everything() );
my $token   = $created->valueof('//comunicazione/messaggio');
my $checked = step( 'check', 'checkToken', 'CheckTokenReq', $right, about($token) );
print 'state ', $checked->valueof('//infoToken/descrizione'), "\n";
step( 'revoke',   'revoke',     'RevokeAuthReq', $right,      about($token) );
step( 'again',    'revoke',     'RevokeAuthReq', $right,      about($token) );
step( 'revoked',  'checkToken', 'CheckTokenReq', $right,      about($token) );
step( 'expired',  'checkToken', 'CheckTokenReq', $right,      about( env('EXPIRED') ) );
step( 'unknown',  'checkToken', 'CheckTokenReq', $right,      about('00000000-0000-4000-8000-000000000000') );
step( 'password', 'create',     'CreateAuthReq', 'sbagliata', everything() );
