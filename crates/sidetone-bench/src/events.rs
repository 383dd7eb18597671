//! Events as a session border controller would send them: ten a call, as NDJSON, those of calls at
//! a time mixed.

use std::io::{BufWriter, Write};
use std::path::Path;

use serde_json::{Value, json};
use sidetone_core::time::{SECOND_US, TimeUs};

use crate::calls::Calls;
use crate::edges;
use sidetone_bench::random::Random;

/// Events a call.
pub const PER_CALL: u64 = 10;
/// Calls that run at the same time.
const AT_ONCE: u64 = 100;

/// Writes the events of calls that are not among the loaded ones: those from number `first` on.
pub fn write(calls: &Calls, first: u64, events: u64, file: &Path) -> anyhow::Result<()> {
    let mut out = BufWriter::new(std::fs::File::create(file)?);
    let past = first + events / PER_CALL;
    for begin in (first..past).step_by(AT_ONCE as usize) {
        let mut lines: Vec<(TimeUs, Value)> = Vec::new();
        for number in begin..past.min(begin + AT_ONCE) {
            lines.extend(of_call(calls, number));
        }
        lines.sort_by_key(|(at, _)| *at);
        for (at, mut line) in lines {
            line["at"] = json!(at);
            serde_json::to_writer(&mut out, &line)?;
            out.write_all(b"\n")?;
        }
    }
    out.flush()?;
    Ok(())
}

fn of_call(calls: &Calls, number: u64) -> Vec<(TimeUs, Value)> {
    let place = calls.count + number;
    let sid = calls.sid(place);
    let random = &mut Random::of(calls.seed, 40, number);
    let summary = calls.summary(number % calls.count);
    let (from, to) = (&summary.facts.from, &summary.facts.to);
    // All of them within the last minutes before the end of the loaded calls.
    let start = calls
        .times
        .end()
        .plus_us(-600 * SECOND_US + (number / AT_ONCE) as i64 % 300 * SECOND_US);
    let steps = [
        (
            0,
            "initiated",
            json!({
                "call_type": "carrier", "direction": summary.facts.direction, "started_at": start,
                "from": from, "to": to,
            }),
        ),
        (2, "ringing", json!({"pdd_ms": random.between(300, 3_000)})),
        (9, "answered", json!({})),
        (
            45,
            "completed",
            json!({"last_sip_response": 200, "disconnected_by": "caller"}),
        ),
    ];
    let mut lines = Vec::with_capacity(PER_CALL as usize);
    for (second, step, facts) in steps {
        let line = json!({
            "call_sid": sid, "id": format!("{step}-{number}"), "source": "sbc-1",
            "kind": "progress", "step": step, "facts": facts,
        });
        lines.push((
            start.plus_us(second * SECOND_US + random.below(900_000) as i64),
            line,
        ));
    }
    for second in [19, 29, 39] {
        for direction in ["inbound", "outbound"] {
            let line = json!({
                "call_sid": sid, "id": format!("{direction}-{second}-{number}"), "source": "sbc-1",
                "kind": "media", "edge": "carrier_edge", "direction": direction, "ssrc": random.next_u64() as u32,
                "interval": edges::stream(random, 10),
            });
            lines.push((
                start.plus_us(second * SECOND_US + random.below(900_000) as i64),
                line,
            ));
        }
    }
    lines
}
