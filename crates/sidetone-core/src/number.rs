//! What an address says by itself: the kind of call, the country and the prefix of its number.

use rlibphonenumber::{PHONE_NUMBER_UTIL, PhoneNumber, Region};

use crate::vocabulary::{CallDirection, CallType};

/// Digits behind the calling code that make a prefix.
const PREFIX_DIGITS: usize = 3;
/// E.164 numbers have at most 15 digits; fewer than 7 are no international number.
const E164_DIGITS: std::ops::RangeInclusive<usize> = 7..=15;

/// Where a number is from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Origin {
    /// ISO 3166-1 alpha-2; `None` for numbers of no country (satellite, universal freephone).
    pub(crate) country_code: Option<String>,
    /// Calling code and three more digits.
    pub(crate) number_prefix: String,
}

/// The E.164 number of an address (`+14155550100`, `sip:+14155550100@host`, `tel:+1…`,
/// `whatsapp:+1…`), `+` included.
pub(crate) fn e164(address: &str) -> Option<&str> {
    let bare = match address.split_once(':') {
        Some(("sip" | "sips" | "tel" | "whatsapp", rest)) => rest,
        Some(_) => return None,
        None => address,
    };
    let number = bare.split(['@', ';', '?']).next()?;
    let digits = number.strip_prefix('+')?;
    let fits = E164_DIGITS.contains(&digits.len()) && !digits.starts_with('0');
    (fits && digits.bytes().all(|digit| digit.is_ascii_digit())).then_some(number)
}

/// What can be told from an address. `None` when there is no E.164 number in it or nobody has its
/// calling code.
pub(crate) fn origin(address: &str) -> Option<Origin> {
    let number = e164(address)?;
    let digits = number.get(1..)?;
    // No calling code is the beginning of another (ITU-T E.164 §6.2), so the first that exists is
    // the one.
    let (length, code) = (1..=3).find_map(|length| {
        let code = digits.get(..length)?.parse().ok()?;
        PHONE_NUMBER_UTIL
            .get_region_for_country_code(code)
            .map(|_| (length, code))
    })?;
    Some(Origin {
        country_code: country(code, digits.get(length..)?),
        number_prefix: digits
            .get(..length.saturating_add(PREFIX_DIGITS))?
            .to_owned(),
    })
}

/// The country of a number: of those that share its calling code the one whose numbers look like
/// it, else the chief one.
fn country(calling_code: i32, national: &str) -> Option<String> {
    let mut regions = PHONE_NUMBER_UTIL.get_regions_for_country_calling_code(calling_code)?;
    let shared = regions.len() > 1;
    let chief = regions.next()?;
    let region = if shared {
        phone_number(calling_code, national)
            .and_then(|number| PHONE_NUMBER_UTIL.get_region_for_number(&number))
            .unwrap_or(chief)
    } else {
        chief
    };
    // Numbers of no country are of the region `001`.
    (region != Region::World).then(|| region.to_string())
}

/// The number of digits that are known to be one: the library's parser looks for a number in any
/// text, and takes as long as the search for its country.
fn phone_number(calling_code: i32, national: &str) -> Option<PhoneNumber> {
    let zeros = national.bytes().take_while(|digit| *digit == b'0').count();
    Some(PhoneNumber {
        country_code: calling_code,
        national_number: national.parse().ok()?,
        italian_leading_zero: (zeros > 0).then_some(true),
        number_of_leading_zeros: (zeros > 1).then(|| i32::try_from(zeros).ok()).flatten(),
        ..PhoneNumber::default()
    })
}

/// The kind of call that its direction and its addresses speak for.
///
/// It is what the far side is: the caller of an inbound call, the callee of any other. Where the
/// far side is not known or says nothing, either side may, the particular kinds first.
pub(crate) fn call_type(
    direction: Option<CallDirection>,
    from: Option<&str>,
    to: Option<&str>,
) -> Option<CallType> {
    let far = match direction {
        Some(CallDirection::TrunkingOriginating | CallDirection::TrunkingTerminating) => {
            return Some(CallType::Trunking);
        }
        Some(CallDirection::Inbound) => from,
        Some(CallDirection::OutboundApi | CallDirection::OutboundDial) => to,
        None => None,
    };
    spoken_for(far, None).or_else(|| spoken_for(from, to))
}

fn spoken_for(from: Option<&str>, to: Option<&str>) -> Option<CallType> {
    let either = |test: fn(&str) -> bool| [from, to].into_iter().flatten().any(test);
    if either(|address| address.starts_with("client:")) {
        Some(CallType::Client)
    } else if either(|address| address.starts_with("whatsapp:")) {
        Some(CallType::Whatsapp)
    } else if either(|address| address.starts_with("sip:") || address.starts_with("sips:")) {
        Some(CallType::Sip)
    } else if either(|address| e164(address).is_some()) {
        Some(CallType::Carrier)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(address: &str, country_code: Option<&str>, number_prefix: &str) {
        let origin = origin(address).unwrap();
        assert_eq!(origin.country_code.as_deref(), country_code, "{address}");
        assert_eq!(origin.number_prefix, number_prefix, "{address}");
    }

    #[test]
    fn tells_countries_apart_that_share_a_calling_code() {
        check("+14155550100", Some("US"), "1415");
        check("+16135550100", Some("CA"), "1613");
        check("+18765550100", Some("JM"), "1876");
        check("+442079460000", Some("GB"), "44207");
        check("+390612345678", Some("IT"), "39061");
        check("+390669812345", Some("VA"), "39066");
        check("+27215550100", Some("ZA"), "27215");
        check("+3531234567", Some("IE"), "353123");
    }

    proptest::proptest! {
        #[test]
        fn reads_digits_as_the_library_does(
            code in proptest::sample::select(vec![1, 7, 39, 44, 61, 212, 262, 358, 590, 599]),
            national in "[1-9][0-9]{6,9}|0[1-9][0-9]{5,8}",
        ) {
            let parsed: PhoneNumber = format!("+{code}{national}").parse().unwrap();
            let region = |number: PhoneNumber| PHONE_NUMBER_UTIL.get_region_for_number(&number);
            // A valid number is told alike; one with a national prefix behind its calling code is none.
            if let Some(region_read) = region(phone_number(code, &national).unwrap()) {
                proptest::prop_assert_eq!(Some(region_read), region(parsed));
            }
        }
    }

    #[test]
    fn a_number_nobody_can_have_is_of_the_chief_country_of_its_code() {
        check("+15551234567", Some("US"), "1555");
    }

    #[test]
    fn a_number_of_no_country_has_a_prefix_only() {
        check("+80012345678", None, "800123");
    }

    #[test]
    fn finds_the_number_in_a_uri() {
        check(
            "sip:+14155550100@pbx.example.com;user=phone",
            Some("US"),
            "1415",
        );
        check("tel:+14155550100;ext=5", Some("US"), "1415");
        check("whatsapp:+14155550100", Some("US"), "1415");
    }

    #[test]
    fn says_nothing_about_other_addresses() {
        for address in [
            "",
            "+",
            "+1",
            "alice",
            "client:alice",
            "client:+14155550100",
            "sip:alice@example.com",
            "4155550100",
            "+0123456789",
            "+999999999999",
            "+１２３４５６７８",
            "+1415555010012345678",
            "+1415é50100",
            "anonymous@anonymous.invalid",
        ] {
            assert_eq!(origin(address), None, "{address}");
        }
    }

    #[test]
    fn the_particular_kind_of_call_comes_first() {
        let pairs = [
            (Some("client:alice"), Some("+14155550100"), CallType::Client),
            (
                Some("sip:a@example.com"),
                Some("+14155550100"),
                CallType::Sip,
            ),
            (Some("alice"), Some("+14155550100"), CallType::Carrier),
            (
                Some("whatsapp:+14155550100"),
                Some("+14155550100"),
                CallType::Whatsapp,
            ),
        ];
        for (from, to, expected) in pairs {
            assert_eq!(call_type(None, from, to), Some(expected), "{from:?} {to:?}");
        }
        assert_eq!(call_type(None, Some("alice"), None), None);
    }

    #[test]
    fn a_call_is_what_its_far_side_is() {
        let (sip, number) = (Some("sip:a@example.com"), Some("+14155550100"));
        for (direction, expected) in [
            (CallDirection::Inbound, CallType::Sip),
            (CallDirection::OutboundApi, CallType::Carrier),
            (CallDirection::OutboundDial, CallType::Carrier),
            (CallDirection::TrunkingOriginating, CallType::Trunking),
        ] {
            assert_eq!(call_type(Some(direction), sip, number), Some(expected));
        }
        let inbound = Some(CallDirection::Inbound);
        assert_eq!(
            call_type(inbound, Some("alice"), number),
            Some(CallType::Carrier)
        );
    }
}
