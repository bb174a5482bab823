//! Plots as SVG that stands by itself: no script, no style sheet, no font from elsewhere.

mod scale;

use std::fmt::{self, Write as _};

pub(crate) use scale::Scale;

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 300.0;
/// Around the area that is plotted in: above, right, below, left.
const MARGIN: [f64; 4] = [34.0, 16.0, 44.0, 64.0];

/// Names of lines beside one another, and how far rows of them are apart.
const NAMES: usize = 4;
const ROW: f64 = 13.0;

/// Palette that remains distinguishable with colour vision deficiency (Okabe and Ito).
const COLOURS: [&str; 8] = [
    "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000", "#999933",
];

/// Some lines in a frame.
#[derive(Clone, Debug)]
pub(crate) struct Plot {
    pub(crate) title: String,
    pub(crate) x: Axis,
    pub(crate) y: Axis,
    pub(crate) series: Vec<Series>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Series {
    pub(crate) name: String,
    pub(crate) points: Vec<(f64, f64)>,
}

/// Name and scale of an axis.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Axis {
    pub(crate) name: &'static str,
    pub(crate) scale: Scale,
}

/// Mapping of values to the picture.
struct Frame {
    x: (Scale, f64, f64),
    y: (Scale, f64, f64),
    /// Below the names of the lines.
    top: f64,
}

impl Frame {
    fn new(plot: &Plot) -> Option<Self> {
        let points = || plot.series.iter().flat_map(|series| &series.points);
        let (x_least, x_most) = range(plot.x.scale, points().map(|point| point.0))?;
        let (y_least, y_most) = range(plot.y.scale, points().map(|point| point.1))?;
        Some(Self {
            x: (plot.x.scale, x_least, x_most),
            y: (plot.y.scale, y_least, y_most),
            top: MARGIN[0] + ROW * (plot.series.len().div_ceil(NAMES) - 1) as f64,
        })
    }

    fn across(&self, value: f64) -> f64 {
        MARGIN[3] + share(self.x, value) * (WIDTH - MARGIN[1] - MARGIN[3])
    }

    fn down(&self, value: f64) -> f64 {
        self.bottom() - share(self.y, value) * (self.bottom() - self.top)
    }

    fn height(&self) -> f64 {
        HEIGHT - MARGIN[0] + self.top
    }

    fn bottom(&self) -> f64 {
        self.height() - MARGIN[2]
    }
}

fn share((scale, least, most): (Scale, f64, f64), value: f64) -> f64 {
    let (from, to) = (scale.apply(least), scale.apply(most));
    ((scale.apply(value) - from) / (to - from)).clamp(0.0, 1.0)
}

/// The values of an axis; none where there is nothing to show.
fn range(scale: Scale, values: impl Iterator<Item = f64>) -> Option<(f64, f64)> {
    let shown = values
        .filter(|value| value.is_finite())
        .filter(|value| scale != Scale::Logarithmic || *value > 0.0);
    let (least, most) = shown.fold((f64::MAX, f64::MIN), |(least, most), value| {
        (least.min(value), most.max(value))
    });
    if least > most {
        return None;
    }
    Some(match scale {
        Scale::Linear => (least.min(0.0), if most > 0.0 { most * 1.05 } else { 1.0 }),
        Scale::Logarithmic => (least / 1.2, most * 1.2),
        Scale::Percentile => (0.0, most.max(0.5)),
    })
}

impl Plot {
    /// As an element of SVG; nothing where there is no point.
    pub(crate) fn svg(&self) -> String {
        let mut out = String::new();
        if let Some(frame) = Frame::new(self) {
            // Writing to a string does not fail.
            let _ = self.draw(&mut out, &frame);
        }
        out
    }

    fn draw(&self, out: &mut String, frame: &Frame) -> fmt::Result {
        let (right, bottom) = (WIDTH - MARGIN[1], frame.bottom());
        let (left, top) = (MARGIN[3], frame.top);
        writeln!(
            out,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {}\" role=\"img\" \
             aria-label=\"{title}\" font-family=\"sans-serif\" font-size=\"11\">\n\
             <text x=\"{left}\" y=\"14\" font-size=\"13\" font-weight=\"bold\">{title}</text>\n\
             <rect x=\"{left}\" y=\"{top}\" width=\"{}\" height=\"{}\" fill=\"none\" stroke=\"#999\"/>",
            frame.height(),
            right - left,
            bottom - top,
            title = escape(&self.title),
        )?;
        for (value, name) in self.x.scale.marks(frame.x.1, frame.x.2) {
            let x = frame.across(value);
            writeln!(
                out,
                "<path d=\"M{x:.1} {bottom}V{top}\" stroke=\"#ddd\"/>\
                 <text x=\"{x:.1}\" y=\"{}\" text-anchor=\"middle\">{name}</text>",
                bottom + 14.0
            )?;
        }
        for (value, name) in self.y.scale.marks(frame.y.1, frame.y.2) {
            let y = frame.down(value);
            writeln!(
                out,
                "<path d=\"M{left} {y:.1}H{right}\" stroke=\"#ddd\"/>\
                 <text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{name}</text>",
                left - 5.0,
                y + 4.0
            )?;
        }
        writeln!(
            out,
            "<text x=\"{}\" y=\"{}\" text-anchor=\"middle\">{}</text>\n\
             <text transform=\"translate(14 {}) rotate(-90)\" text-anchor=\"middle\">{}</text>",
            f64::midpoint(left, right),
            frame.height() - 8.0,
            escape(self.x.name),
            f64::midpoint(top, bottom),
            escape(self.y.name),
        )?;
        for (position, series) in self.series.iter().enumerate() {
            self.line(out, frame, position, series)?;
        }
        writeln!(out, "</svg>")
    }

    fn line(
        &self,
        out: &mut String,
        frame: &Frame,
        position: usize,
        series: &Series,
    ) -> fmt::Result {
        let colour = COLOURS[position % COLOURS.len()];
        write!(
            out,
            "<polyline fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.5\" points=\""
        )?;
        for (x, y) in &series.points {
            write!(out, "{:.1},{:.1} ", frame.across(*x), frame.down(*y))?;
        }
        let (column, row) = (position % NAMES, position / NAMES);
        let x = MARGIN[3] + 8.0 + 160.0 * column as f64;
        let y = MARGIN[0] - 8.0 + ROW * row as f64;
        writeln!(
            out,
            "\"/>\n<path d=\"M{x} {y}h14\" stroke=\"{colour}\" stroke-width=\"3\"/>\
             <text x=\"{}\" y=\"{}\">{}</text>",
            x + 18.0,
            y + 4.0,
            escape(&series.name)
        )
    }
}

/// Text within HTML or SVG.
pub(crate) fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plot(x: Scale, y: Scale, points: &[(f64, f64)]) -> Plot {
        Plot {
            title: "A <plot>".to_owned(),
            x: Axis {
                name: "s",
                scale: x,
            },
            y: Axis {
                name: "ms",
                scale: y,
            },
            series: vec![Series {
                name: "p50".to_owned(),
                points: points.to_vec(),
            }],
        }
    }

    fn points(svg: &str) -> Vec<(f64, f64)> {
        let (_, rest) = svg.split_once("points=\"").unwrap();
        let (points, _) = rest.split_once('"').unwrap();
        let point = |text: &str| {
            let (x, y) = text.split_once(',').unwrap();
            (x.parse().unwrap(), y.parse().unwrap())
        };
        points.split_whitespace().map(point).collect()
    }

    #[test]
    fn points_are_placed_by_their_values() {
        let (left, right) = (MARGIN[3], WIDTH - MARGIN[1]);
        let (top, bottom) = (MARGIN[0], HEIGHT - MARGIN[2]);
        let linear = [(0.0, 0.0), (50.0, 100.0), (100.0, 50.0)];
        let seen = points(&plot(Scale::Linear, Scale::Linear, &linear).svg());
        assert_eq!(seen[0], (left, bottom));
        // The axes end a twentieth beyond the last value.
        let at = |share: f64| left + share / 1.05 * (right - left);
        assert!((seen[1].0 - at(0.5)).abs() < 0.1 && (seen[2].0 - at(1.0)).abs() < 0.1);
        let height = bottom - seen[1].1;
        assert!((height - (bottom - top) / 1.05).abs() < 0.1);
        assert!((bottom - seen[2].1 - height / 2.0).abs() < 0.1);

        // Every factor of ten is as far, every nine more as well.
        let curved = [(0.0, 1.0), (0.9, 10.0), (0.99, 100.0)];
        let seen = points(&plot(Scale::Percentile, Scale::Logarithmic, &curved).svg());
        assert_eq!((seen[0].0, seen[2].0), (left, right));
        assert!((seen[1].0 - f64::midpoint(left, right)).abs() < 0.1);
        assert!((seen[1].1 - f64::midpoint(seen[0].1, seen[2].1)).abs() < 0.1);
    }

    #[test]
    fn empty_plot_is_empty_and_text_is_escaped() {
        assert_eq!(plot(Scale::Linear, Scale::Linear, &[]).svg(), "");
        let never = plot(Scale::Linear, Scale::Logarithmic, &[(1.0, 0.0)]);
        assert_eq!(never.svg(), "");
        let one = plot(Scale::Linear, Scale::Linear, &[(1.0, 1.0)]).svg();
        assert!(
            one.contains("A &lt;plot&gt;") && !one.contains("NaN"),
            "{one}"
        );
    }
}
