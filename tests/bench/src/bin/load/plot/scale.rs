//! Scales of axes, and their ticks.

use eventrelay_tests::figures::short;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scale {
    /// From 0.
    Linear,
    /// By powers of ten; values above 0 only.
    Logarithmic,
    /// Shares below 1, the closer to it the wider.
    Percentile,
}

impl Scale {
    pub(super) fn apply(self, value: f64) -> f64 {
        match self {
            Self::Linear => value,
            Self::Logarithmic => value.max(f64::MIN_POSITIVE).log10(),
            Self::Percentile => -(1.0 - value).max(1e-9).log10(),
        }
    }

    /// Values that are marked between two values, and how they are called.
    pub(super) fn marks(self, least: f64, most: f64) -> Vec<(f64, String)> {
        match self {
            Self::Linear => linear_marks(least, most),
            Self::Logarithmic => {
                let (from, to) = (least.log10().floor() as i32, most.log10().ceil() as i32);
                let all = (from..=to)
                    .flat_map(|power| [1.0, 2.0, 5.0].map(|digit| digit * 10_f64.powi(power)));
                let wide = to - from > 2;
                all.filter(|value| (least..=most).contains(value))
                    .filter(|value| !wide || value.log10().fract().abs() < 1e-9)
                    .map(|value| (value, short(value)))
                    .collect()
            }
            Self::Percentile => [0.0, 0.5, 0.9, 0.95, 0.99, 0.999, 0.9999]
                .into_iter()
                .filter(|share| *share <= most)
                .map(|share| (share, format!("{} %", trimmed(100.0 * share))))
                .collect(),
        }
    }
}

/// About five, at round values.
fn linear_marks(least: f64, most: f64) -> Vec<(f64, String)> {
    let rough = (most - least) / 5.0;
    let power = 10_f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0]
        .into_iter()
        .map(|digit| digit * power)
        .find(|step| *step >= rough)
        .unwrap_or(rough);
    let mut marks = Vec::new();
    let mut number = (least / step).ceil();
    while number * step <= most + step * 1e-9 {
        marks.push((number * step, trimmed(number * step)));
        number += 1.0;
    }
    marks
}

/// Without zeros at its end.
fn trimmed(value: f64) -> String {
    let text = format!("{value:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_round_and_within() {
        let names = |scale: Scale, least, most| -> Vec<String> {
            let marks = scale.marks(least, most);
            marks.into_iter().map(|(_, name)| name).collect()
        };
        assert_eq!(names(Scale::Linear, 0.0, 10.5), ["0", "5", "10"]);
        assert_eq!(names(Scale::Linear, 0.0, 0.3), ["0", "0.1", "0.2", "0.3"]);
        assert_eq!(
            names(Scale::Logarithmic, 0.9, 2000.0),
            ["1.0", "10", "100", "1,000"]
        );
        assert_eq!(names(Scale::Logarithmic, 4.0, 30.0), ["5.0", "10", "20"]);
        assert_eq!(
            names(Scale::Percentile, 0.0, 0.99),
            ["0 %", "50 %", "90 %", "95 %", "99 %"]
        );
    }
}
