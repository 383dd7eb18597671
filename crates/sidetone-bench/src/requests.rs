//! What the HTTP client asks for, in files that it reads.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use crate::{data, judgements, lists};
use sidetone_bench::random::Random;

/// Calls that are asked for.
const CALLS: u64 = 100_000;
/// Judgements that are posted.
const FORMS: u64 = 10_000;
/// Lists that are asked for.
const LISTS: usize = 3_200;

/// Prints account, token and the identifier of a call.
pub fn facts(dir: &Path) -> anyhow::Result<()> {
    let facts = data::facts(dir)?;
    let sid = facts.calls().sid(facts.calls / 2);
    println!(
        "{} {} {sid} {}",
        facts.account_sid, facts.auth_token, facts.seed
    );
    Ok(())
}

/// Writes the files.
pub fn write(dir: &Path, out: &Path) -> anyhow::Result<()> {
    let calls = data::facts(dir)?.calls();
    let mut random = Random::of(calls.seed, 60, 0);
    let open = |name: &str| File::create(out.join(name)).map(BufWriter::new);
    let mut sids = open("calls.txt")?;
    for _ in 0..CALLS {
        // The very last calls are still partial: a summary that is not complete answers 404.
        writeln!(
            sids,
            "{}",
            calls.sid(random.below(calls.count - calls.count / 100))
        )?;
    }
    let mut forms = open("forms.txt")?;
    for _ in 0..FORMS {
        let mut patch = judgements::patch(&mut random);
        // Every one changes something: a change that changes nothing writes nothing.
        patch.comment = Some(Some(format!(
            "Heard again, take {}",
            random.below(1_000_000_000)
        )));
        writeln!(forms, "{}", judgements::form(&patch))?;
    }
    let mut queries = open("lists.txt")?;
    lists::queries(&calls, LISTS, &mut queries)?;
    sids.flush()?;
    forms.flush()?;
    queries.flush()?;
    Ok(())
}
