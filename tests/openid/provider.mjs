// The provider of government accounts, as tests need it: oidc-provider with a P-521 key, and somebody who signs in there
// without a page. GET /uji?{...} says who that is, and what is wrong with the provider.
import { generateKeyPairSync } from "node:crypto";
import { createServer } from "node:http";
import Provider from "oidc-provider";

const [port, back, after] = process.argv.slice(2);
const issuer = `http://127.0.0.1:${port}`;
const pair = () => generateKeyPairSync("ec", { namedCurve: "P-521" });
const named = { kid: "kunci-1", use: "sig", alg: "ES512" };
const key = { ...pair().privateKey.export({ format: "jwk" }), ...named };
const another = { ...pair().publicKey.export({ format: "jwk" }), ...named };
const now = { akun: "", nip: "", amr: "", salah: "" };

const provider = new Provider(issuer, {
  clients: [
    {
      client_id: "alur",
      client_secret: "rahasia-penyedia",
      redirect_uris: [back],
      post_logout_redirect_uris: [after],
      id_token_signed_response_alg: "ES512",
    },
  ],
  jwks: { keys: [key] },
  enabledJWA: { idTokenSigningAlgValues: ["ES512", "RS256"] },
  cookies: { keys: ["kuki-uji"] },
  claims: { openid: ["sub", "acr", "amr"], profile: ["nip"] },
  features: { devInteractions: { enabled: false } },
  interactions: { url: (_, interaction) => `/masuk/${interaction.uid}` },
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, ...(now.nip ? { nip: now.nip } : {}) }) }),
});
const answers = provider.callback();

async function interact(request, response) {
  const { prompt, session, grantId } = await provider.interactionDetails(request, response);
  if (now.salah === "batal") {
    return provider.interactionFinished(request, response, { error: "access_denied" });
  }
  if (prompt.name === "login") {
    const login = { accountId: now.akun, ...(now.amr ? { amr: now.amr.split(" ") } : {}) };
    return provider.interactionFinished(request, response, { login });
  }
  const grant = grantId
    ? await provider.Grant.find(grantId)
    : new provider.Grant({ accountId: session.accountId, clientId: "alur" });
  grant.addOIDCScope("openid profile");
  return provider.interactionFinished(request, response, { consent: { grantId: await grant.save() } });
}

function say(response, facts) {
  response.setHeader("Content-Type", "application/json");
  response.end(JSON.stringify(facts));
}

createServer(async (request, response) => {
  const address = new URL(request.url, issuer);
  if (address.pathname === "/uji") {
    Object.assign(now, { akun: "", nip: "", amr: "", salah: "" }, Object.fromEntries(address.searchParams));
    say(response, now);
  } else if (address.pathname.startsWith("/masuk/")) {
    await interact(request, response);
  } else if (address.pathname === "/jwks" && now.salah === "kunci") {
    say(response, { keys: [another] });
  } else if (address.pathname.endsWith("openid-configuration") && now.salah === "nama") {
    say(response, { issuer: "https://lain.contoh.go.id" });
  } else if (address.pathname.endsWith("openid-configuration") && now.salah === "rusak") {
    response.end("<html>Sedang dirawat</html>");
  } else if (now.salah === "pengalihan") {
    response.writeHead(302, { Location: "http://127.0.0.1:1/dalam" }).end();
  } else if (now.salah !== "diam") {
    answers(request, response);
  }
}).listen(Number(port), "127.0.0.1", () => console.log("siap"));
