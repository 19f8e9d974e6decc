// The life of an id with strong-soap of LoopBack. Environment and lines printed: tests/clients/test_life.py.
import http from "node:http";
import { createRequire } from "node:module";

const env = (name) => process.env[`A2F_${name}`];
// the test's server closes connections that this package would use again
http.globalAgent = new http.Agent({ keepAlive: false });
const { soap } = createRequire(process.env.NODE_MODULES + "/")("strong-soap");

const connected = (password) =>
  new Promise((resolve, reject) => {
    soap.createClient(env("WSDL"), { endpoint: env("ADDRESS") }, (error, client) => {
      if (error) return reject(error);
      client.setSecurity(new soap.BasicAuthSecurity(env("USER"), password));
      return resolve(client);
    });
  });

// Prints a step and its outcome: 0, the code of the error, or the sentence of the Fault. Returns the reply.
const step = (name, client, operation, message) =>
  new Promise((resolve) => {
    client[operation](message, (error, reply) => {
      if (error) {
        const fault = error.root?.Envelope?.Body?.Fault;
        console.log(name, fault?.faultstring ?? String(error));
        return resolve(undefined);
      }
      const first = [reply.errori?.errore ?? []].flat()[0];
      console.log(name, first ? first.codEsito : reply.codEsito);
      return resolve(reply);
    });
  });

const own = {
  userId: env("USER"), identificativo: { tipo: "P", valore: env("PINCODE") }, cfUtente: env("CF"),
};
const place = { codRegione: env("REGION"), codAslAo: env("ASL"), codSsa: env("SSA"), codiceStruttura: "" };
const context = { contesto: "RICETTA-DEM", applicazione: "EROGATORE" };
const about = (root, token) => ({ [root]: { ...own, token, ...context } });
const create = { CreateAuthReq: { ...own, ...place, ...context } };

const client = await connected(env("PASSWORD"));
const created = await step("create", client, "create", create);
const token = [created.comunicazioni.comunicazione].flat()[0].messaggio;
const checked = await step("check", client, "checkToken", about("CheckTokenReq", token));
console.log("state", checked.infoToken.descrizione);
await step("revoke", client, "revoke", about("RevokeAuthReq", token));
await step("again", client, "revoke", about("RevokeAuthReq", token));
await step("revoked", client, "checkToken", about("CheckTokenReq", token));
await step("expired", client, "checkToken", about("CheckTokenReq", env("EXPIRED")));
await step("unknown", client, "checkToken", about("CheckTokenReq", "00000000-0000-4000-8000-000000000000"));
await step("password", await connected("sbagliata"), "create", create);
