use super::*;

fn setting(weights: [f64; 3], scores: [f64; 3], signs: [bool; 2]) -> Setting {
    Setting {
        weights: weights.to_vec(),
        scores: scores.to_vec(),
        halves: vec![Some(0.1), None, Some(f64::INFINITY)],
        on_front: signs[0],
        is_base: signs[1],
    }
}

/// The plain model, two settings that nothing beats, one that is beaten, and one that lacks the third score.
fn plot(drawn: Drawn) -> Plot {
    let unit = Some("nats".to_owned());
    Plot {
        title: "Trade-off <of> a sweep".to_owned(),
        drawn,
        scores: vec![
            ("kind".to_owned(), unit.clone()),
            ("short".to_owned(), unit),
            ("polite (from a.csv)".to_owned(), None),
        ],
        points: vec![
            setting([0.0, 0.0, 0.0], [0.0, 0.0, 3.0], [false, true]),
            setting([1.0, 0.0, 0.0], [1.0, -0.5, 4.0], [true, false]),
            setting([0.0, 1.0, 0.0], [-0.5, 1.0, 5.0], [true, false]),
            setting([1.0, 1.0, 1.0], [-0.25, -0.25, 2.0], [false, false]),
            setting([2.0, 1.0, 1.0], [-0.2, -0.2, f64::NAN], [false, false]),
        ],
        line: vec![[-0.5, 1.0], [1.0, -0.5]],
        caption: vec!["As it was made".to_owned()],
        dark: false,
    }
}

/// Every number that an attribute of these elements has.
fn numbers(picture: &str, element: &str, attribute: &str) -> Vec<f64> {
    let start = format!("<{element} ");
    let value = |tag: &str| {
        let tag = tag.split("/>").next()?;
        let (_, rest) = tag.split_once(&format!("{attribute}=\""))?;
        rest.split('"').next()?.parse().ok()
    };
    picture.split(&start).skip(1).filter_map(value).collect()
}

#[test]
fn points_stand_where_their_scores_are() {
    let frame = Frame {
        x: [100.0, 300.0],
        y: [50.0, 150.0],
        spans: [[-1.0, 1.0], [0.0, 4.0]],
    };
    let at = |values| frame.at(values).map(|place| place.round() as i64);
    assert_eq!(at([0.0, 1.0]), [200, 125]);
    assert_eq!(at([1.0, 4.0]), [300, 50]);
    // What lies outside stands at the edge.
    assert_eq!(at([-9.0, 9.0]), [100, 50]);
    assert_eq!(number(-0.5), "\u{2212}0.5");
    assert_eq!(number(-0.0), "0");
    assert_eq!(number(0.1 + 0.2), "0.3");
}

#[test]
fn a_scatter_has_axes_intervals_front_and_plain_model() {
    let picture = plot(Drawn::Scatter([0, 1])).svg();
    for part in [
        "Trade-off &lt;of&gt; a sweep",
        ">kind, nats<",
        ">short, nats<",
        ">\u{2212}0.5<",
        "not beaten",
        "95 % interval",
        "As it was made",
        "<polyline",
    ] {
        assert!(picture.contains(part), "{part}");
    }
    // Four settings as dots and two rings around them; one dot, ring and dot for the signs below.
    assert_eq!(picture.matches("<circle").count(), 4 + 2 + 3);
    // The plain model, and its sign below.
    let below = css(LIGHT.below);
    assert_eq!(picture.matches(&below).count(), 4);
    // By hand: from −0.5 to 1 with half an interval of 0.1 on either side and 7 % of 1.7 around that.
    let (low, high) = (-0.6 - 0.119, 1.1 + 0.119);
    let wanted = MARGIN + LEFT + (0.0 - low) / (high - low) * (WIDTH - 2.0 * MARGIN - LEFT);
    let crosses = picture.split("<line ").filter(|line| line.contains(&below));
    let first = crosses.take(1).next().unwrap();
    let x = numbers(&format!("<line {first}"), "line", "x1")[0] + 4.5;
    assert!((x - wanted).abs() < 0.02, "{x} is not {wanted}");
    stays_within(&picture);
}

fn stays_within(picture: &str) {
    let height = numbers(picture, "rect", "height")[0];
    let inside = |values: Vec<f64>, end: f64| {
        assert!(!values.is_empty());
        for value in values {
            assert!((0.0..=end).contains(&value), "{value} of {end}");
        }
    };
    for (element, x, y) in [("circle", "cx", "cy"), ("text", " x", " y")] {
        let all = |attribute| numbers(&picture.replace("<text x", "<text  x"), element, attribute);
        if element == "circle" && !picture.contains("<circle") {
            continue;
        }
        inside(all(x), WIDTH);
        inside(all(y), height);
    }
    assert!(!picture.contains("NaN") && !picture.contains("inf"));
    assert_eq!(picture.matches("</svg>").count(), 1);
}

#[test]
fn a_setting_without_the_score_is_left_out() {
    let picture = plot(Drawn::Scatter([0, 2])).svg();
    assert_eq!(picture.matches("<circle").count(), 3 + 2 + 3);
    assert!(picture.contains(">polite (from a.csv)<"));
    stays_within(&picture);
}

#[test]
fn the_other_pictures_have_all_settings_too() {
    let pairs = plot(Drawn::Pairs).svg();
    // Three pairs: four dots and two rings, twice three dots and two rings; and the signs.
    assert_eq!(pairs.matches("<circle").count(), 6 + 5 + 5 + 3);
    assert!(pairs.contains("\u{2191} short") && pairs.contains("kind \u{2192}"));
    let triangle = plot(Drawn::Triangle([0, 1, 2], 1)).svg();
    // The plain model has no shares.
    assert_eq!(triangle.matches("<circle").count(), 4);
    assert!(triangle.contains(">only kind<") && triangle.contains("Plain model: short 0;"));
    let parallel = plot(Drawn::Parallel(vec![0, 1])).svg();
    assert_eq!(parallel.matches("<polyline").count(), 4);
    assert_eq!(parallel.matches("stroke-dasharray").count(), 1);
    assert!(parallel.contains(">w kind<") && parallel.contains(">polite (from a.csv)<"));
    for picture in [pairs, triangle, parallel] {
        stays_within(&picture);
    }
}

#[test]
fn the_dark_has_its_own_colours_and_nothing_at_all_is_no_trouble() {
    let mut dark = plot(Drawn::Scatter([0, 1]));
    dark.dark = true;
    assert!(dark.svg().contains(&css(DARK.panel)));
    for drawn in [
        Drawn::Scatter([0, 1]),
        Drawn::Pairs,
        Drawn::Triangle([0, 1, 2], 0),
        Drawn::Parallel(vec![0]),
    ] {
        let mut empty = plot(drawn);
        empty.points.clear();
        empty.line.clear();
        stays_within(&empty.svg());
    }
}
