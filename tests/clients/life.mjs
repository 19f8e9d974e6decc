// The life of an id with node soap. Environment and lines printed: tests/clients/test_life.py.
import { createRequire } from "node:module";

const env = (name) => process.env[`A2F_${name}`];
const soap = createRequire(process.env.NODE_MODULES + "/")("soap");

async function connected(password) {
  const client = await soap.createClientAsync(env("WSDL"), {}, env("ADDRESS"));
  client.setSecurity(new soap.BasicAuthSecurity(env("USER"), password));
  return client;
}

// Prints a step and its outcome: 0, the code of the error, or the sentence of the Fault. Returns the reply.
async function step(name, client, operation, message) {
  let reply;
  try {
    [reply] = await client[`${operation}Async`](message);
  } catch (error) {
    console.log(name, error.root?.Envelope?.Body?.Fault?.faultstring ?? String(error));
    return undefined;
  }
  const error = [reply.errori?.errore ?? []].flat()[0];
  console.log(name, error ? error.codEsito : reply.codEsito);
  return reply;
}

const own = {
  userId: env("USER"), identificativo: { tipo: "P", valore: env("PINCODE") }, cfUtente: env("CF"),
};
const place = { codRegione: env("REGION"), codAslAo: env("ASL"), codSsa: env("SSA"), codiceStruttura: "" };
const context = { contesto: "RICETTA-DEM", applicazione: "EROGATORE" };
const about = (token) => ({ ...own, token, ...context });

const client = await connected(env("PASSWORD"));
const created = await step("create", client, "create", { ...own, ...place, ...context });
const token = [created.comunicazioni.comunicazione].flat()[0].messaggio;
const checked = await step("check", client, "checkToken", about(token));
console.log("state", checked.infoToken.descrizione);
await step("revoke", client, "revoke", about(token));
await step("again", client, "revoke", about(token));
await step("revoked", client, "checkToken", about(token));
await step("expired", client, "checkToken", about(env("EXPIRED")));
await step("unknown", client, "checkToken", about("00000000-0000-4000-8000-000000000000"));
await step("password", await connected("sbagliata"), "create", { ...own, ...place, ...context });
