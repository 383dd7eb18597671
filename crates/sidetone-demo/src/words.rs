//! What agents write. At most 100 characters, no names of people.

pub(super) const GOOD: &[&str] = &[
    "all fine",
    "Crystal clear.",
    "good line",
    "No issues, customer happy with the callback.",
    "ok",
    "Tadellose Verbindung",
    "super clear even on mobile",
    "Resolved on first call. Audio excellent.",
    "RAS",
    "sounded like same room 👍",
    "Customer confirmed appointment, line good.",
    "A/B Test A",
    "A/B Test B",
];

pub(super) const CHOPPY: &[&str] = &[
    "choppy after the first minute, had to repeat everything",
    "Robotic voice on customer's side.",
    "every 3rd word missing",
    "Customer said we were cutting out. Asked to call back on landline.",
    "breaking up badly!!",
    "Sprache abgehackt, Kunde kaum zu verstehen",
    "audio haché, impossible de noter le numéro de dossier",
    "Same as yesterday evening - choppy from 17:30 on, mobile customers only.",
    "packet loss? sounded like under water",
];

pub(super) const LATENCY: &[&str] = &[
    "2 sec delay, we kept talking over each other",
    "Noticeable lag, customer got annoyed.",
    "delay",
    "Echo-like delay on my side, customer fine.",
    "Verzögerung ca. 1 Sekunde",
    "Satellite-style delay. Second one today.",
];

pub(super) const SILENT: &[&str] = &[
    "could hear them, they couldn't hear me",
    "No audio at all from customer side, hung up after 20s.",
    "dead air",
    "One way audio. Called back, second call was OK.",
    "keiner hört den anderen, zweiter Versuch ging",
    "aucun son",
];

pub(super) const ECHO: &[&str] = &[
    "heard myself the whole time",
    "Echo on customer's speakerphone.",
    "echo, gone after they took me off speaker",
];

pub(super) const NOISE: &[&str] = &[
    "hissing in background",
    "Loud crackle when customer moved, probably headset.",
    "static, could still work with it",
    "Rauschen in der Leitung",
];

pub(super) const QUIET: &[&str] = &[
    "very quiet, volume at max",
    "Customer barely audible. Mic problem on their end?",
];

pub(super) const DTMF: &[&str] = &[
    "IVR didn't take the digits, customer pressed 2 three times",
    "Account number via keypad not recognised.",
];

pub(super) const DROPPED: &[&str] = &[
    "dropped mid-sentence",
    "Call lost after about a minute, customer called back.",
    "line went dead, not hung up by customer",
    "Anruf plötzlich weg",
];

pub(super) const NUMBER: &[&str] = &[
    "number not in service",
    "Wrong number in CRM, please correct.",
    "invalid nr - removed from list",
    "\"The number you have dialed...\" announcement",
];

pub(super) const UNREACHABLE: &[&str] = &[
    "rings out every time, 3rd attempt",
    "Always busy. Try evening.",
    "straight to announcement, phone off?",
    "ne répond jamais",
];

pub(super) const CALLER_ID: &[&str] = &[
    "customer saw 'Unknown' instead of our number",
    "Shown as SPAM LIKELY on the customer's phone.",
];

pub(super) const SPAM: &[&str] = &[
    "robocall about car warranty",
    "spam",
    "Recorded message, tried to sell solar panels. Block?",
];

pub(super) const MACHINE: &[&str] = &[
    "voicemail, left message",
    "AMD said human but it was a mailbox",
    "Mailbox",
    "IVR of a company, no person reached",
];
