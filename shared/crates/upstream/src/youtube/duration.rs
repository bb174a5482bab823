//! Durations of the Data API, in ISO 8601. Years and months are refused, because their length varies.

/// Maximum digits of a number.
const DIGITS: usize = 12;

/// Parses `P[nW][nD][T[nH][nM][nS]]` to seconds. Only seconds may have a fraction.
pub(super) fn parse(text: &str) -> Option<f64> {
    let text = text.strip_prefix('P')?;
    let (date, time) = match text.split_once('T') {
        Some((_, "")) => return None,
        Some(parts) => parts,
        None if text.is_empty() => return None,
        None => (text, ""),
    };
    Some(
        sum(date, &[('W', 604_800.0), ('D', 86_400.0)])?
            + sum(time, &[('H', 3600.0), ('M', 60.0), ('S', 1.0)])?,
    )
}

/// Adds up numbers with units, each at most once and in this order.
fn sum(mut text: &str, units: &[(char, f64)]) -> Option<f64> {
    let mut units = units.iter();
    let mut total = 0.0;
    while let Some(end) = text.find(|c: char| c.is_ascii_alphabetic()) {
        let (number, rest) = text.split_at(end);
        let (unit, seconds) = units.find(|(unit, _)| rest.starts_with(*unit))?;
        let whole = |n: &str| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit());
        let valid = match number.split_once('.') {
            Some((n, fraction)) => *unit == 'S' && whole(n) && whole(fraction),
            None => whole(number),
        };
        if !valid || number.len() > DIGITS {
            return None;
        }
        total += number.parse::<f64>().ok()? * seconds;
        text = &rest[1..];
    }
    text.is_empty().then_some(total)
}

#[cfg(test)]
mod tests {
    use super::parse;
    use proptest::prelude::*;

    #[test]
    fn durations_of_the_data_api_are_parsed() {
        for (text, seconds) in [
            ("PT15M51S", 951.0),
            ("PT1H2M3S", 3723.0),
            ("PT45S", 45.0),
            ("PT2H", 7200.0),
            ("P0D", 0.0),
            ("P1DT1S", 86_401.0),
            ("P1W2DT3H4M5.5S", 788_645.5),
        ] {
            assert_eq!(parse(text), Some(seconds), "{text}");
        }
    }

    #[test]
    fn malformed_duration_is_refused() {
        for text in [
            "",
            "P",
            "PT",
            "T1S",
            "1S",
            "P1S",
            "PT1D",
            "P1Y",
            "P1M",
            "PT1S1M",
            "PT1S2S",
            "PT1",
            "PT-1S",
            "PT1.S",
            "PT.5S",
            "PT1.5M",
            "PTS",
            "PT1e3S",
            "PT1S ",
            "P1DT",
            "PT1234567890123S",
            "PTnoneS",
            "Pnone",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn parse_never_panics(text in "\\PC*", tail in "P[0-9WDTHMS.ü]*") {
            parse(&text);
            parse(&tail);
        }

        #[test]
        fn written_duration_is_parsed_back(d in 0u32..99, h in 0u32..24, m in 0u32..60, s in 0u32..60) {
            let expected = f64::from(((d * 24 + h) * 60 + m) * 60 + s);
            prop_assert_eq!(parse(&format!("P{d}DT{h}H{m}M{s}S")), Some(expected));
        }
    }
}
