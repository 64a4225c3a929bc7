// Chromium goes through the persons' door, from login to logout, in both languages, with npm's oidc-provider as the city's
// identity service. No page may need a script, be wider than 320 pixels, break its content security policy, or be found
// wanting by axe. Prints one line of JSON for each page that was looked at.
//
// node chromium.mjs DOOR PROVIDER_PORT NUMBER HOME PICTURES

import { once } from 'node:events'
import { Provider } from 'oidc-provider'
import { exportJWK, generateKeyPair } from 'jose'
import { follow, found, launch, look, open, say } from './looks.mjs'

const [door, port, number, home, pictures] = process.argv.slice(2)
const acr = 'urn:credit-gateway:demo'

const { privateKey } = await generateKeyPair('ES256', { extractable: true })
const provider = new Provider(`http://localhost:${port}`, {
  clients: [{
    client_id: 'credit-gateway-demo',
    redirect_uris: [`${door}/login/callback`],
    post_logout_redirect_uris: [`${door}/`],
    response_types: ['code'],
    grant_types: ['authorization_code'],
    token_endpoint_auth_method: 'none',
    id_token_signed_response_alg: 'ES256',
  }],
  jwks: { keys: [{ ...await exportJWK(privateKey), kid: 'city', use: 'sig', alg: 'ES256' }] },
  acrValues: [acr],
  claims: { openid: ['sub', 'citizen_number'], acr: null },
  features: { devInteractions: { enabled: false } },
  pkce: { required: () => true },
  interactions: { url: (_, interaction) => `/sign-in/${interaction.uid}` },
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, citizen_number: number }) }),
  async loadExistingGrant(context) {
    const { oidc } = context
    const grant = new oidc.provider.Grant({ clientId: oidc.client.clientId, accountId: oidc.session.accountId })
    grant.addOIDCScope('openid')
    await grant.save()
    return grant
  },
})
provider.use(async (context, next) => {
  if (!context.path.startsWith('/sign-in/')) return next()
  if (context.method === 'GET') {
    context.type = 'html'
    context.body = '<!DOCTYPE html><html lang="en"><title>City</title><form method="post"><button>Sign in</button></form></html>'
  } else {
    const login = { accountId: 'subject-1', acr }
    await provider.interactionFinished(context.req, context.res, { login }, { mergeWithLastSubmission: false })
    context.respond = false
  }
})
const service = provider.listen(Number(port), 'localhost')
await once(service, 'listening')

const browser = await launch(home)

try {
  say({ version: await browser.version() })
  for (const language of ['zh', 'en']) {
    const context = await browser.createBrowserContext()
    const page = await open(context)
    await page.goto(`${door}/?lang=${language}`)
    await look(page, 'start', language, pictures)
    await follow(page, 'main a.action')
    say({ address: page.url(), step: 'sign-in' })
    await follow(page, 'button')
    await look(page, 'queries', language, pictures)
    say({ cookies: (await page.cookies()).map(({ name, httpOnly, secure, sameSite }) => ({ name, httpOnly, secure, sameSite })) })
    for (const [path, name] of PATHS()) {
      await page.goto(`${door}${path}`)
      await look(page, name, language, pictures)
    }
    if (language === 'en') {
      // Planted: what axe must find, or it looks at nothing.
      await page.evaluate(() => document.body.append(document.createElement('img')))
      say({ planted: (await found(page)).violations })
      await page.goto(`${door}/`)
    }
    // The person says no at the identity service, which would log in whoever comes next; then yes.
    await follow(page, 'nav form button')
    say({ address: page.url(), step: 'sign-out' })
    await follow(page, 'button:not([name=logout])')
    say({ said: await page.$eval('main', (main) => main.innerText), step: 'no', language })
    await look(page, 'still-logged-in', language, pictures)
    const again = await page.goto(`${door}/login?lang=${language}`)
    say({ address: again.url(), step: 'in-again' })
    await follow(page, 'nav form button')
    say({ address: page.url(), step: 'sign-out' })
    await follow(page, 'button[name=logout][value=yes]')
    say({ said: await page.$eval('main', (main) => main.innerText), step: 'yes', language })
    await look(page, 'logged-out', language, pictures)
    await follow(page, 'main a')
    say({ address: page.url(), step: 'out' })
    const after = await page.goto(`${door}/me/queries`)
    say({ address: after.url(), step: 'after' })
    await context.close()
  }
} finally {
  await browser.close()
  service.close()
  service.closeAllConnections()
}

function PATHS() {
  return [
    ['/me/report', 'report'],
    ['/me/queries', 'who-asked'],
    ['/me/recipients?record=black-list', 'recipients'],
    ['/me/consents', 'consents'],
    ['/me/blocks', 'blocks'],
    ['/me/objections', 'objections'],
    ['/me/mandates', 'mandates'],
    ['/me/queries?from=x', 'malformed'],
    ['/nothing', 'not-found'],
  ]
}
