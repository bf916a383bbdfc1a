use super::*;
use crate::record::tests::record;

/// Every number that an attribute of these elements has.
fn numbers(picture: &str, element: &str, attribute: &str) -> Vec<f64> {
    let start = format!("<{element} ");
    let starts = picture.split(&start).skip(1);
    let value = |tag: &str| {
        let (_, rest) = tag
            .split('>')
            .next()?
            .split_once(&format!("{attribute}=\""))?;
        rest.split('"').next()?.parse().ok()
    };
    starts.filter_map(value).collect()
}

#[test]
fn a_picture_has_both_texts_legend_and_caption_and_stays_within_its_frame() {
    let run = record(4);
    let picture = svg(&run, &Look::default());
    for part in [
        "<title>",
        ">Plain model<",
        ">With guidance<",
        "Advantage for a:",
        "Weights: a 1.00, b 0.50 · seed 4",
        "Models: Fake",
        "#ffffff",
    ] {
        assert!(picture.contains(part), "{part}");
    }
    for text in [run.base.as_ref().unwrap(), &run.guided] {
        for piece in &text.pieces {
            assert!(picture.contains(&format!(">{}<", piece.trim())), "{piece}");
        }
    }
    let (left, wide) = (
        numbers(&picture, "rect", " x"),
        numbers(&picture, "rect", "width"),
    );
    // The paper has no place.
    for (x, width) in left.iter().zip(&wide[1..]) {
        assert!(
            *x >= MARGIN && x + width <= WIDTH - MARGIN + 0.1,
            "{x} + {width}"
        );
    }
    let height = numbers(&picture, "rect", "height")[0];
    assert!(numbers(&picture, "text", " y").iter().all(|y| *y < height));
}

#[test]
fn one_text_alone_in_the_dark() {
    let look = Look {
        dark: true,
        pane: Some(Pane::Guided),
        objective: 1,
        ..Look::default()
    };
    let picture = svg(&record(4), &look);
    assert!(!picture.contains("Plain model<") && picture.contains("With guidance"));
    assert!(picture.contains("Advantage for b:") && picture.contains("#1b1e24"));
}

#[test]
fn words_of_a_run_are_words_of_the_picture() {
    let mut run = record(4);
    run.prompt.text = "</svg><script>bad()</script> & \"so\"".to_owned();
    run.guided.pieces[0] = "</text><script>&'\n\nNext".to_owned();
    let picture = svg(&run, &Look::default());
    assert!(!picture.contains("<script") && picture.matches("</svg>").count() == 1);
    assert!(picture.contains("&lt;/text&gt;&lt;script&gt;&amp;&#39;"));
    assert!(picture.contains(">Next<"));
}

#[test]
fn what_xml_cannot_hold_is_replaced() {
    let mut run = record(4);
    run.prompt.text = "\u{1b}[1mWhy?\u{ffff}".to_owned();
    run.guided.pieces[0] = " a\u{8}\tb".to_owned();
    let picture = svg(&run, &Look::default());
    assert!(picture.contains(">\u{fffd}[1mWhy?\u{fffd}<"));
    assert!(picture.contains(">a\u{fffd}\tb<"));
}

#[test]
fn a_very_long_word_does_not_end_the_world() {
    let mut run = record(4);
    run.guided.pieces[0] = "a".repeat(4000);
    assert!(svg(&run, &Look::default()).contains(&"a".repeat(4000)));
}
