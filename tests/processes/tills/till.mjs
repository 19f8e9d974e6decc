// A till in Node (package soap): prints the outcome, or the sentence of the Fault as the person at the till would read it.
// Arguments: the WSDL, userId, password, the id (may be empty). NODE_MODULES names the folder of the packages.
import { createRequire } from "node:module";
import https from "node:https";

const [, , wsdl, user, password, id] = process.argv;
const soap = createRequire(process.env.NODE_MODULES + "/")("soap");
const client = await soap.createClientAsync(wsdl);
client.setSecurity(new soap.BasicAuthSecurity(user, password, { rejectUnauthorized: false }));
if (id) client.addHttpHeader("Authorization2F", `Bearer ${id}`);
const options = { httpsAgent: new https.Agent({ rejectUnauthorized: false }) };
try {
  const [reply] = await client.dispenseAsync({ nre: "1200A4000000001" }, options);
  process.stdout.write(reply.outcome);
} catch (error) {
  process.stdout.write(error.root?.Envelope?.Body?.Fault?.faultstring ?? String(error));
}
