//! Calls as lines of text, with all that their messages say of dialogs and transactions.

use super::packets::{A, B, C, S, Story, audio};
use crate::sip::StartLine;

/// Another server, another address of the caller, one that agents give who know none.
pub(super) const P: &str = "192.0.2.5:5060";
pub(super) const A2: &str = "203.0.113.10:5080";
pub(super) const ZERO: &str = "[::]:0";

fn place(letter: &str) -> &'static str {
    match letter {
        "A" => A,
        "A2" => A2,
        "S" => S,
        "P" => P,
        "B" => B,
        "C" => C,
        _ => panic!("{letter}"),
    }
}

/// A message a line: `ms FROM>TO start cseq from-tag/to-tag branch,branch…`, then `sdp`, and the
/// numbers of the agents that saw it (`@1@2`; 1 if none is said). `start` is a method, or a status
/// and the method it answers joined by a dot.
pub(super) fn story(lines: &str) -> Story {
    let mut story = Story::default();
    for line in lines.lines().map(str::trim).filter(|line| !line.is_empty()) {
        tell(&mut story, line);
    }
    story
}

fn tell(story: &mut Story, line: &str) {
    let mut words = line.split_whitespace();
    let mut word = || words.next().unwrap_or_else(|| panic!("{line}"));
    let ms: i64 = word().parse().unwrap();
    let (from, to) = word().split_once('>').unwrap();
    let start = word().replace('.', " ");
    let cseq: u32 = word().parse().unwrap();
    let (from_tag, to_tag) = word().split_once('/').unwrap();
    let branches: Vec<String> = word().split(',').map(|it| format!("z9hG4bK{it}")).collect();
    let more: Vec<&str> = words.collect();
    let mut agents: Vec<u32> = more
        .iter()
        .filter_map(|word| word.strip_prefix('@')?.parse().ok())
        .collect();
    if agents.is_empty() {
        agents.push(1);
    }
    for agent in agents {
        // Agent 2 is 3 s ahead.
        let ms = if agent == 2 { ms + 3_000 } else { ms };
        story.sip(ms, place(from), place(to), &start, |message| {
            let tag = |tag: &str| (!tag.is_empty()).then(|| tag.to_owned());
            message.capture.agent = agent;
            message.cseq = cseq;
            message.from.tag = tag(from_tag);
            message.to.tag = tag(to_tag);
            message.hops = u8::try_from(branches.len()).unwrap();
            message.branches.clone_from(&branches);
            if more.contains(&"sdp") {
                message.media = vec![audio(&format!("{}0", place(from)))];
            }
            if matches!(message.start, StartLine::Request(_)) {
                message.start = StartLine::Request(format!("sip:b@{}", place(to)));
            }
        });
    }
}

/// A call through a proxy that stays on the way, which the caller ends.
pub(super) const PROXIED: &str = "
       0 A>S INVITE      1 a/  a1       sdp
       5 S>B INVITE      1 a/  s1,a1    sdp
      20 S>A 100.INVITE  1 a/  a1
      25 B>S 100.INVITE  1 a/  s1,a1
     300 B>S 180.INVITE  1 a/b s1,a1
     305 S>A 180.INVITE  1 a/b a1
    2000 B>S 200.INVITE  1 a/b s1,a1    sdp
    2005 S>A 200.INVITE  1 a/b a1       sdp
    2020 A>S ACK         1 a/b a2
    2025 S>B ACK         1 a/b s2,a2
   12000 A>S BYE         2 a/b a3
   12005 S>B BYE         2 a/b s3,a3
   12030 B>S 200.BYE     2 a/b s3,a3
   12035 S>A 200.BYE     2 a/b a3
";

/// The same, ended by the callee.
pub(super) const ENDED_BY_CALLEE: &str = "
       0 A>S INVITE      1 a/  a1       sdp
       5 S>B INVITE      1 a/  s1,a1    sdp
      20 S>A 100.INVITE  1 a/  a1
     300 B>S 180.INVITE  1 a/b s1,a1
     305 S>A 180.INVITE  1 a/b a1
    2000 B>S 200.INVITE  1 a/b s1,a1    sdp
    2005 S>A 200.INVITE  1 a/b a1       sdp
    2020 A>S ACK         1 a/b a2
    2025 S>B ACK         1 a/b s2,a2
   12000 B>S BYE         7 b/a b1
   12005 S>A BYE         7 b/a s3,b1
   12030 A>S 200.BYE     7 b/a s3,b1
   12035 S>B 200.BYE     7 b/a b1
";

/// Seen on one leg only.
pub(super) const DIRECT: &str = "
       0 A>S INVITE      1 a/  a1       sdp
      20 S>A 100.INVITE  1 a/  a1
     305 S>A 180.INVITE  1 a/b a1
    2005 S>A 200.INVITE  1 a/b a1       sdp
    2020 A>S ACK         1 a/b a2
    5000 A>S INVITE      2 a/b a3       sdp
    5020 S>A 200.INVITE  2 a/b a3       sdp
    5030 A>S ACK         2 a/b a4
   12000 S>A BYE         7 b/a b1
   12030 A>S 200.BYE     7 b/a b1
";

/// Challenged by the proxy; the second attempt is answered.
pub(super) const CHALLENGED: &str = "
       0 A>S INVITE      1 a/  a1       sdp
      10 S>A 407.INVITE  1 a/p a1
      12 A>S ACK         1 a/p a1
      50 A>S INVITE      2 a/  a2       sdp
      55 S>B INVITE      2 a/  s2,a2    sdp
      60 S>A 100.INVITE  2 a/  a2
     300 B>S 180.INVITE  2 a/b s2,a2
     305 S>A 180.INVITE  2 a/b a2
    2000 B>S 200.INVITE  2 a/b s2,a2    sdp
    2005 S>A 200.INVITE  2 a/b a2       sdp
    2020 A>S ACK         2 a/b a3
    2025 S>B ACK         2 a/b s3,a3
   12000 A>S BYE         3 a/b a4
   12005 S>B BYE         3 a/b s4,a4
   12030 B>S 200.BYE     3 a/b s4,a4
   12035 S>A 200.BYE     3 a/b a4
";

/// Sent to two; one answers.
pub(super) const FORKED: &str = "
       0 A>S INVITE      1 a/  a1       sdp
       5 S>B INVITE      1 a/  s1,a1    sdp
       6 S>C INVITE      1 a/  t1,a1    sdp
      20 S>A 100.INVITE  1 a/  a1
     300 C>S 180.INVITE  1 a/c t1,a1
     305 S>A 180.INVITE  1 a/c a1
     310 B>S 180.INVITE  1 a/b s1,a1
     315 S>A 180.INVITE  1 a/b a1
    2000 B>S 200.INVITE  1 a/b s1,a1    sdp
    2005 S>A 200.INVITE  1 a/b a1       sdp
    2006 S>C CANCEL      1 a/  t1
    2007 C>S 200.CANCEL  1 a/c t1
    2008 C>S 487.INVITE  1 a/c t1,a1
    2009 S>C ACK         1 a/c t1
    2020 A>S ACK         1 a/b a2
    2025 S>B ACK         1 a/b s2,a2
   12000 B>S BYE         7 b/a b1
   12005 S>A BYE         7 b/a s3,b1
   12030 A>S 200.BYE     7 b/a s3,b1
   12035 S>B 200.BYE     7 b/a b1
";

/// The caller hangs up while it rings.
pub(super) const CANCELED: &str = "
       0 A>S INVITE      1 a/  a1       sdp
       5 S>B INVITE      1 a/  s1,a1    sdp
      20 S>A 100.INVITE  1 a/  a1
     300 B>S 180.INVITE  1 a/b s1,a1
     305 S>A 180.INVITE  1 a/b a1
    5000 A>S CANCEL      1 a/  a1
    5005 S>A 200.CANCEL  1 a/c a1
    5006 S>B CANCEL      1 a/  s1
    5030 B>S 200.CANCEL  1 a/b s1
    5031 B>S 487.INVITE  1 a/b s1,a1
    5032 S>B ACK         1 a/b s1
    5035 S>A 487.INVITE  1 a/b a1
    5040 A>S ACK         1 a/b a1
";

/// Refused by the callee with a status.
pub(super) fn refused(status: u16) -> String {
    format!(
        "
       0 A>S INVITE      1 a/  a1       sdp
       5 S>B INVITE      1 a/  s1,a1    sdp
      20 S>A 100.INVITE  1 a/  a1
     300 B>S 180.INVITE  1 a/b s1,a1
     305 S>A 180.INVITE  1 a/b a1
    5000 B>S {status}.INVITE  1 a/b s1,a1
    5001 S>B ACK         1 a/b s1
    5005 S>A {status}.INVITE  1 a/b a1
    5010 A>S ACK         1 a/b a1
"
    )
}
