// Runs cases one after the other and ends with the line the gate counts.

const CASE_LIMIT_MS = 120_000;

/**
 * `cases` are functions by name; `finish` puts everything away. Words on the command line choose cases by name.
 * Ends the process: 0 when every case passed and there was one.
 */
export async function runCases(cases, finish = async () => {}) {
  const words = process.argv.slice(2);
  let [passed, failed] = [0, 0];
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
      failed += 1;
      console.log(`FAILED ${name}\n  ${(error?.stack ?? String(error)).replaceAll('\n', '\n  ')}`);
      if (error?.description ?? error?.validationErrors) console.log(`  it says: ${error.description} ${JSON.stringify(error.validationErrors ?? [])}`);
      for (let cause = error?.cause; cause; cause = cause.cause) console.log(`  because: ${cause?.message ?? JSON.stringify(cause)}`);
    }
    clearTimeout(timer);
  }
  await finish();
  console.log(`${passed} passed, ${failed} failed`);
  process.exit(failed === 0 && passed > 0 ? 0 : 1);
}
