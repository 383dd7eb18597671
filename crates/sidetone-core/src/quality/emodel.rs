//! Conversational quality by the E-model.
//!
//! ITU-T G.107 with every parameter at its default but delay and loss: `R = 93.2 − Id − Ie,eff`,
//! with the codecs' robustness from ITU-T G.113 Appendix I. `Id` follows the approximation of Cole
//! and Rosenbluth (*Voice over IP performance monitoring*, 2001): `0.024 d + 0.11 (d − 177.3) H(d −
//! 177.3)`.

/// A codec's place in G.113 Appendix I.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Codec {
    /// Impairment by the codec itself, `Ie`.
    pub ie: f64,
    /// Robustness against loss, `Bpl`.
    pub bpl: f64,
    /// One frame and its look-ahead, ms: how late the coder is at best.
    pub delay_ms: f64,
}

/// G.711 in packets of 20 ms, with the loss concealment of its Appendix I, as real receivers have
/// it.
pub const G711: Codec = Codec {
    ie: 0.0,
    bpl: 25.1,
    delay_ms: 20.0,
};
/// G.729A with voice activity detection, in packets of 20 ms.
pub const G729A: Codec = Codec {
    ie: 11.0,
    bpl: 19.0,
    delay_ms: 25.0,
};
/// G.723.1 at 6.3 kbit/s with voice activity detection.
pub const G723_1: Codec = Codec {
    ie: 15.0,
    bpl: 16.1,
    delay_ms: 37.5,
};
/// GSM enhanced full rate, which is AMR at 12.2 kbit/s.
pub const GSM_EFR: Codec = Codec {
    ie: 5.0,
    bpl: 10.0,
    delay_ms: 20.0,
};

/// A receiver holds back at least this much, ms; twice the jitter when that is more.
const JITTER_BUFFER_MIN_MS: f64 = 40.0;

impl Codec {
    /// The codec of an RTP payload type (RFC 3551) or name.
    ///
    /// `None` for those G.113 gives no figures for on the narrow-band scale: Opus, G.722, GSM full
    /// rate and others.
    #[must_use]
    pub fn of(payload_type: Option<u8>, name: Option<&str>) -> Option<Self> {
        if let Some(name) = name {
            let is = |known: &[&str]| known.iter().any(|known| name.eq_ignore_ascii_case(known));
            return if is(&["pcmu", "pcma", "g711", "g711u", "g711a"]) {
                Some(G711)
            } else if is(&["g729", "g729a", "g729ab"]) {
                Some(G729A)
            } else if is(&["g723", "g7231", "g723.1"]) {
                Some(G723_1)
            } else if is(&["gsm-efr"]) {
                Some(GSM_EFR)
            } else {
                None
            };
        }
        match payload_type? {
            0 | 8 => Some(G711),
            4 => Some(G723_1),
            18 => Some(G729A),
            _ => None,
        }
    }
}

/// Transmission rating of a connection, below 0 for one that nobody can use; 93.2 is the best there
/// is with narrow-band telephones.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct RFactor(f64);

impl RFactor {
    /// The rating of a stream.
    ///
    /// One way takes half the round trip, the receiver's jitter buffer and the coder.
    /// `None` when an input is negative or not a number.
    #[must_use]
    pub fn of(codec: Codec, loss_percent: f64, jitter_ms: f64, rtt_ms: f64) -> Option<Self> {
        let valid = |input: f64| input.is_finite() && input >= 0.0;
        if !(valid(loss_percent) && valid(jitter_ms) && valid(rtt_ms)) {
            return None;
        }
        let buffer_ms = (2.0 * jitter_ms).max(JITTER_BUFFER_MIN_MS);
        let delay_ms = rtt_ms / 2.0 + buffer_ms + codec.delay_ms;
        let rating = 93.2 - delay_impairment(delay_ms) - loss_impairment(codec, loss_percent);
        rating.is_finite().then_some(Self(rating))
    }

    /// The mean opinion score of this rating, 1–4.5 (G.107 Annex B).
    #[must_use]
    pub fn mos(self) -> f64 {
        let rating = self.0;
        if rating <= 0.0 {
            1.0
        } else if rating >= 100.0 {
            4.5
        } else {
            let score = 1.0 + 0.035 * rating + rating * (rating - 60.0) * (100.0 - rating) * 7.0e-6;
            // Between 0 and 6.5 the polynomial dips below the scale.
            score.max(1.0)
        }
    }
}

/// `Id`: what delay takes away.
fn delay_impairment(delay_ms: f64) -> f64 {
    0.024 * delay_ms + 0.11 * (delay_ms - 177.3).max(0.0)
}

/// `Ie,eff`: what the codec and random loss (`BurstR` = 1) take away.
fn loss_impairment(codec: Codec, loss_percent: f64) -> f64 {
    codec.ie + (95.0 - codec.ie) * loss_percent / (loss_percent + codec.bpl)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(codec: Codec, loss_percent: f64, jitter_ms: f64, rtt_ms: f64, rating: f64, mos: f64) {
        let actual = RFactor::of(codec, loss_percent, jitter_ms, rtt_ms).unwrap();
        assert!(
            (actual.0 - rating).abs() < 0.005,
            "R {} is not {rating}",
            actual.0
        );
        assert!(
            (actual.mos() - mos).abs() < 0.005,
            "MOS {} is not {mos}",
            actual.mos()
        );
    }

    /// Worked by hand from the formulas in the module's head.
    #[test]
    fn reference_values() {
        // d = 60, Id = 1.44.
        check(G711, 0.0, 0.0, 0.0, 91.76, 4.38);
        // d = 50 + 40 + 20 = 110, Id = 2.64; Ie,eff = 95 · 1 / 26.1 = 3.640.
        check(G711, 1.0, 5.0, 100.0, 86.92, 4.256);
        // Ie,eff = 95 · 5 / 30.1 = 15.781.
        check(G711, 5.0, 5.0, 100.0, 74.78, 3.812);
        // d = 200 + 60 + 20 = 280, Id = 6.72 + 11.297 = 18.017; Ie,eff = 95 · 10 / 35.1 = 27.066.
        check(G711, 10.0, 30.0, 400.0, 48.12, 2.476);
        // d = 40 + 40 + 25 = 105, Id = 2.52; Ie,eff = 11 + 84 · 2 / 21 = 19.
        check(G729A, 2.0, 10.0, 80.0, 71.68, 3.675);
        // d = 77.5, Id = 1.86; Ie = 15.
        check(G723_1, 0.0, 0.0, 0.0, 76.34, 3.878);
        // d = 60, Id = 1.44; Ie,eff = 5 + 90 · 3 / 13 = 25.769.
        check(GSM_EFR, 3.0, 0.0, 0.0, 65.99, 3.404);
        // All lost: d = 1060, Id = 25.44 + 97.097; Ie,eff = 95 · 100 / 125.1 = 75.939.
        check(G711, 100.0, 0.0, 2_000.0, -105.28, 1.0);
    }

    /// G.107 Annex B, Table B.1: MOS at round figures of R, rounded up there.
    #[test]
    fn score_of_a_rating() {
        for (rating, mos) in [
            (-5.0, 1.0),
            (0.0, 1.0),
            (3.0, 1.0),
            (50.0, 2.58),
            (60.0, 3.10),
            (70.0, 3.60),
            (80.0, 4.03),
            (90.0, 4.34),
            (100.0, 4.5),
            (120.0, 4.5),
        ] {
            let actual = RFactor(rating).mos();
            assert!((actual - mos).abs() < 0.01, "R {rating}: {actual}");
        }
    }

    #[test]
    fn says_nothing_of_what_it_does_not_know() {
        assert_eq!(RFactor::of(G711, f64::NAN, 0.0, 0.0), None);
        assert_eq!(RFactor::of(G711, -1.0, 0.0, 0.0), None);
        assert_eq!(RFactor::of(G711, 0.0, f64::INFINITY, 0.0), None);
        assert_eq!(Codec::of(None, None), None);
        assert_eq!(Codec::of(Some(111), Some("opus")), None);
        assert_eq!(Codec::of(Some(9), None), None);
    }

    #[test]
    fn the_name_of_a_codec_goes_before_its_number() {
        assert_eq!(Codec::of(Some(0), Some("opus")), None);
        assert_eq!(Codec::of(Some(101), Some("PCMU")), Some(G711));
        assert_eq!(Codec::of(Some(18), None), Some(G729A));
    }
}
