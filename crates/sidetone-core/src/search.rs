//! What a call can be searched by that is no single value of it: the names that SIP gave it, and
//! its user agents.

use std::collections::BTreeSet;

use crate::correlate::sip_call_sid;
use crate::id::CallSid;
use crate::summary::CallSummary;

/// Characters of a user agent that count. Longer ones are no products' names but somebody's play.
pub const USER_AGENT_CHARS: usize = 255;

/// A user agent, or a piece of one, as it is compared: in lower case, with spaces for control
/// characters, and cut.
#[must_use]
pub fn user_agent(text: &str) -> String {
    // Character by character, so that a piece becomes what it becomes within the whole.
    text.chars()
        .take(USER_AGENT_CHARS)
        .flat_map(char::to_lowercase)
        .map(|char| if char.is_control() { ' ' } else { char })
        .collect()
}

/// The user agents at a call's edges, each once, as they are compared.
#[must_use]
pub fn user_agents(summary: &CallSummary) -> BTreeSet<String> {
    let edges = summary.edges.values();
    edges
        .filter_map(|edge| edge.facts.user_agent.as_deref())
        .filter(|agent| !agent.is_empty())
        .map(user_agent)
        .collect()
}

/// The `CallSid`s that a call's SIP Call-IDs would have given it, where something else gave it
/// another.
#[must_use]
pub fn other_sids(summary: &CallSummary) -> BTreeSet<CallSid> {
    let edges = summary.edges.values();
    let of_edges = edges.filter_map(|edge| edge.facts.sip_call_id.as_ref());
    let of_messages = summary.sip.iter().flat_map(|sip| &sip.call_ids);
    of_edges
        .chain(of_messages)
        .map(|call_id| sip_call_sid(summary.call.account, call_id))
        .filter(|sid| *sid != summary.call.sid)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_agents_are_compared_in_lower_case_and_cut() {
        assert_eq!(user_agent("LinphoneÄ/5.2\r\n (x)"), "linphoneä/5.2   (x)");
        assert_eq!(user_agent(&"É".repeat(400)), "é".repeat(USER_AGENT_CHARS));
    }

    #[test]
    fn a_piece_becomes_what_it_becomes_within_the_whole() {
        // In lower case the last sigma of a word has a form of its own.
        assert!(user_agent("ΟΔΟΣ 1").contains(&user_agent("ΟΔΟΣ")));
        assert!(user_agent("ΟΔΟΣΟΣ").contains(&user_agent("ΟΔΟΣ")));
    }
}
