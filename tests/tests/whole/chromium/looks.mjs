// What every test in Chromium does: begins a browser whose pages run no script, looks at a page at both widths with axe, and
// prints one line of JSON for each thing that it saw.

import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import puppeteer from 'puppeteer-core'

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

export const say = (line) => console.log(JSON.stringify(line))

export const launch = (home) => puppeteer.launch({
  executablePath: '/usr/bin/chromium',
  headless: true,
  args: ['--no-sandbox'],
  env: { ...process.env, ...(home && { HOME: home }) },
})

// A page that tells what its console says.
export async function open(context) {
  const page = await context.newPage()
  page.on('console', (message) => say({ console: message.text() }))
  page.on('pageerror', (error) => say({ console: String(error) }))
  // What a page does is done without a script.
  await page.setJavaScriptEnabled(false)
  return page
}

export async function found(page) {
  // For axe alone: no page has a script of its own.
  await page.setJavaScriptEnabled(true)
  await page.evaluate(axe)
  const { violations, incomplete, passes } = await page.evaluate(() => globalThis.axe.run(document))
  await page.setJavaScriptEnabled(false)
  const what = (all) => all.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html.slice(0, 160)}`))
  return { violations: what(violations), incomplete: what(incomplete), passes: passes.length }
}

// One page at both widths.
export async function look(page, name, language, pictures) {
  await page.$$eval('details', (all) => all.forEach((one) => { one.open = true }))
  for (const width of [320, 1280]) {
    await page.setViewport({ width, height: 640 })
    const seen = await page.evaluate(() => ({
      inner: innerWidth,
      wide: document.documentElement.scrollWidth,
      lang: document.documentElement.lang,
      title: document.title,
      scripts: document.scripts.length,
    }))
    await page.screenshot({ path: `${pictures}/${name}.${language}.${width}.png`, fullPage: true })
    say({ page: name, language, width, ...seen, ...await found(page) })
  }
}

export const follow = (page, selector) => Promise.all([page.waitForNavigation(), page.click(selector)])
