// The life of an id with gSOAP, strict about the schema. Environment and lines printed: tests/clients/test_life.py.
#include <cstdlib>
#include <iostream>

#include "authentication_service_binding.nsmap"
#include "soapauthentication_service_bindingProxy.h"

using std::string;

static string env(const string &name) { return std::getenv(("A2F_" + name).c_str()); }

// Prints a step and its outcome: 0, the code of the error, or the sentence of the Fault.
template <class Reply>
static void say(const string &name, struct soap *soap, int failed, const Reply &reply) {
    if (failed == 401) {  // gSOAP does not read the body of a 401
        std::cout << name << " 401" << std::endl;
        return;
    }
    if (failed) {
        const char **sentence = soap->fault ? soap_faultstring(soap) : nullptr;
        std::cout << name << " " << (sentence && *sentence ? *sentence : "no answer") << std::endl;
        return;
    }
    std::cout << name << " " << (reply.errori ? reply.errori->errore.at(0)->codEsito : reply.codEsito) << std::endl;
}

template <class Request>
static void fill(Request &request, t__identificativo &pincode, string *values) {
    pincode.tipo = "P";
    pincode.valore = env("PINCODE");
    request.userId = &(values[0] = env("USER"));
    request.identificativo = &pincode;
    request.cfUtente = &(values[1] = env("CF"));
    request.contesto = &(values[2] = "RICETTA-DEM");
    request.applicazione = &(values[3] = "EROGATORE");
}

struct Till : authentication_service_bindingProxy {
    string user = env("USER"), password, address = env("ADDRESS");

    explicit Till(const string &secret) : authentication_service_bindingProxy(SOAP_XML_STRICT), password(secret) {
        soap_endpoint = address.c_str();
    }

    string create(const string &name) {
        m__CreateAuthReq request;
        m__CreateAuthRes reply;
        t__identificativo pincode;
        string values[4], region = env("REGION"), asl = env("ASL"), ssa = env("SSA"), structure;
        fill(request, pincode, values);
        request.codRegione = &region;
        request.codAslAo = &asl;
        request.codSsa = &ssa;
        request.codiceStruttura = &structure;
        authenticate();
        say(name, soap, authentication_service_bindingProxy::create(&request, reply), reply);
        return reply.comunicazioni ? reply.comunicazioni->comunicazione.at(0)->messaggio : "";
    }

    void check(const string &name, const string &token) {
        m__CheckTokenReq request;
        m__CheckTokenRes reply;
        t__identificativo pincode;
        string values[4];
        fill(request, pincode, values);
        request.token = token;
        authenticate();
        say(name, soap, checkToken(&request, reply), reply);
        if (name == "check") std::cout << "state " << reply.infoToken->descrizione << std::endl;
    }

    void revoke(const string &name, const string &token) {
        m__RevokeAuthReq request;
        m__RevokeAuthRes reply;
        t__identificativo pincode;
        string values[4];
        fill(request, pincode, values);
        request.token = token;
        authenticate();
        say(name, soap, authentication_service_bindingProxy::revoke(&request, reply), reply);
    }

    void authenticate() {  // gSOAP forgets both after every call
        soap->userid = user.c_str();
        soap->passwd = password.c_str();
    }
};

int main() {
    Till till(env("PASSWORD"));
    string token = till.create("create");
    till.check("check", token);
    till.revoke("revoke", token);
    till.revoke("again", token);
    till.check("revoked", token);
    till.check("expired", env("EXPIRED"));
    till.check("unknown", "00000000-0000-4000-8000-000000000000");
    Till("sbagliata").create("password");
    return 0;
}
