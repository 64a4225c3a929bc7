// Pages of an officer of several gateways, in both languages and at two widths.
//
// node looks-of-logs.mjs DOOR FOLDER PICTURES

import { launch, look, open } from './looks.mjs'
import { close, home, relays as relaysOf } from './officers.mjs'

const [door, folder, pictures] = process.argv.slice(2)

const relays = await relaysOf(door, folder, ['officer'])
const browser = await launch()
try {
  const page = await open(browser)
  for (const language of ['zh', 'en']) {
    for (const name of ['queries', 'alarms', 'coverage']) {
      await page.goto(home(relays[0], language).replace('?', `/${name}?`))
      await look(page, `several-${name}`, language, pictures)
    }
  }
} finally {
  await browser.close()
  close(relays)
}
