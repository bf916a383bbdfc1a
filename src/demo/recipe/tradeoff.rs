//! The trade-off between two objectives: what each pair of weights reaches, and a picture of it.

use std::fmt::Write as _;

use crate::engine::tradeoff as engine;

/// Weights of each objective that are tried with each of the other.
pub const GRID: [f64; 4] = [0.0, 0.5, 1.0, 2.0];

/// What one pair of weights reaches.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// Weights of helpful and harmless.
    pub weights: [f64; 2],
    /// Shares of helpful and of harmless answers, from 0 to 1.
    pub reached: [f64; 2],
}

/// What the points reach.
#[must_use]
pub fn reached(points: &[Point]) -> Vec<Vec<f64>> {
    points.iter().map(|point| point.reached.to_vec()).collect()
}

/// The points that no other point beats, by rising first share.
fn front(points: &[Point]) -> Vec<Point> {
    let kept = engine::front(&reached(points));
    let mut front: Vec<Point> = points
        .iter()
        .zip(kept)
        .filter_map(|(point, kept)| kept.then_some(*point))
        .collect();
    front.sort_by(|a, b| a.reached[0].total_cmp(&b.reached[0]));
    front
}

/// Side of the picture's plot, in its own units.
const SIDE: f64 = 400.0;
/// Room around the plot, for words.
const ROOM: f64 = 60.0;

/// A picture of the points and of their front, as SVG.
#[must_use]
pub fn picture(points: &[Point]) -> String {
    let x = |share: f64| ROOM + share * SIDE;
    let y = |share: f64| ROOM / 2.0 + (1.0 - share) * SIDE;
    let (width, height) = (SIDE + 1.5 * ROOM, SIDE + 1.5 * ROOM);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" font-family=\"sans-serif\" font-size=\"12\">\n\
         <rect width=\"{width}\" height=\"{height}\" fill=\"#ffffff\"/>\n"
    );
    for tick in [0.0, 0.25, 0.5, 0.75, 1.0] {
        let (across, up, percent) = (x(tick), y(tick), 100.0 * tick);
        let (left, right, top, bottom) = (x(0.0), x(1.0), y(1.0), y(0.0));
        let _ = write!(
            svg,
            "<path d=\"M{across} {bottom}V{top}M{left} {up}H{right}\" stroke=\"#dddddd\" fill=\"none\"/>\n\
             <text x=\"{across}\" y=\"{}\" text-anchor=\"middle\">{percent} %</text>\n\
             <text x=\"{}\" y=\"{}\" text-anchor=\"end\">{percent} %</text>\n",
            bottom + 18.0,
            left - 8.0,
            up + 4.0
        );
    }
    let _ = write!(
        svg,
        "<text x=\"{}\" y=\"{}\" text-anchor=\"middle\">helpful answers</text>\n\
         <text transform=\"translate(16 {}) rotate(-90)\" text-anchor=\"middle\">harmless answers</text>\n",
        x(0.5),
        y(0.0) + 42.0,
        y(0.5)
    );
    let line: Vec<String> = front(points)
        .iter()
        .map(|point| format!("{:.1},{:.1}", x(point.reached[0]), y(point.reached[1])))
        .collect();
    let _ = writeln!(
        svg,
        "<polyline points=\"{}\" fill=\"none\" stroke=\"#0072b2\" stroke-width=\"2\"/>",
        line.join(" ")
    );
    for point in points {
        let [helpful, harmless] = point.weights;
        let (fill, radius) = if helpful == 0.0 && harmless == 0.0 {
            ("#d55e00", 6.0)
        } else {
            ("#0072b2", 4.0)
        };
        let (across, up) = (x(point.reached[0]), y(point.reached[1]));
        let _ = write!(
            svg,
            "<circle cx=\"{across:.1}\" cy=\"{up:.1}\" r=\"{radius}\" fill=\"{fill}\"><title>helpful {helpful}, harmless {harmless}</title></circle>\n\
             <text x=\"{:.1}\" y=\"{:.1}\" font-size=\"9\">{helpful}/{harmless}</text>\n",
            across + 6.0,
            up - 5.0
        );
    }
    svg.push_str("</svg>\n");
    svg
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(reached: &[[f64; 2]]) -> Vec<Point> {
        reached
            .iter()
            .map(|&reached| Point {
                weights: [1.0, 1.0],
                reached,
            })
            .collect()
    }

    #[test]
    fn the_front_leaves_out_what_is_beaten() {
        let all = points(&[[0.5, 0.5], [0.9, 0.2], [0.4, 0.4], [0.1, 0.8], [0.5, 0.3]]);
        let reached: Vec<[f64; 2]> = front(&all).iter().map(|point| point.reached).collect();
        assert_eq!(reached, [[0.1, 0.8], [0.5, 0.5], [0.9, 0.2]]);
    }

    #[test]
    fn the_picture_names_every_point() {
        let svg = picture(&points(&[[0.5, 0.5], [0.9, 0.2]]));
        assert_eq!(svg.matches("<circle").count(), 2);
        assert!(svg.starts_with("<svg") && svg.ends_with("</svg>\n"));
    }
}
