// Runs cases one after the other and ends with the line the gate counts.

const CASE_LIMIT_MS = 120_000;

/** Thrown by a case that could not show what it is there to show: it counts as skipped. */
export class Skipped extends Error {}

/**
 * `cases` are functions by name; `finish` puts everything away. Words on the command line choose cases by name.
 * Ends the process: 0 when no case failed and there was one.
 */
export async function runCases(cases, finish = async () => {}) {
  const words = process.argv.slice(2);
  let [passed, failed, skipped] = [0, 0, 0];
  for (const [name, run] of Object.entries(cases)) {
    if (words.length > 0 && !words.some((word) => name.includes(word))) continue;
    let timer;
    const limit = new Promise((_, reject) => {
      timer = setTimeout(() => reject(new Error('took too long')), CASE_LIMIT_MS);
    });
    try {
      await Promise.race([run(), limit]);
      passed += 1;
      console.log(`ok ${name}`);
    } catch (error) {
      if (error instanceof Skipped) {
        skipped += 1;
        console.log(`skipped ${name}: ${error.message}`);
      } else {
        failed += 1;
        tell(name, error);
      }
    }
    clearTimeout(timer);
  }
  await finish();
  console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
  process.exit(failed === 0 && passed + skipped > 0 ? 0 : 1);
}

function tell(name, error) {
  console.log(`FAILED ${name}\n  ${(error?.stack ?? String(error)).replaceAll('\n', '\n  ')}`);
  if (error?.description ?? error?.validationErrors) console.log(`  it says: ${error.description} ${JSON.stringify(error.validationErrors ?? [])}`);
  for (let cause = error?.cause; cause; cause = cause.cause) console.log(`  because: ${cause?.message ?? JSON.stringify(cause)}`);
}
