use serde_json::Value;

use super::*;
use crate::record::tests::record;

/// Words that break out of a page which does not watch out.
const NASTY: &str = "</script><script>window.bad=1</script><!--<img src=x onerror=\"bad()\">'&amp; {data} \u{2028}\u{0} ${x} `";

fn block(page: &str) -> Value {
    let (_, rest) = page
        .split_once("<script type=\"application/json\" id=\"run\">")
        .unwrap();
    let (json, _) = rest.split_once("</script>").unwrap();
    serde_json::from_str(json).unwrap()
}

#[test]
fn the_page_needs_nothing_else_and_allows_nothing_else() {
    let page = html(&record(3));
    assert!(page.starts_with("<!DOCTYPE html>"));
    assert!(page.contains(
        "content=\"default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'\""
    ));
    for outside in [
        "http:", "https:", "src=", "@import", "url(", "fetch(", "XMLHttp", "import(",
    ] {
        assert!(!page.contains(outside), "{outside}");
    }
    for mark in [
        "{style}", "{script}", "{data}", "{title}", "{texts}", "{facts}",
    ] {
        assert!(!page.contains(mark), "{mark}");
    }
    assert_eq!(page.matches("<script").count(), 2);
    assert_eq!(page.matches("</script>").count(), 2);
}

#[test]
fn the_data_are_the_run() {
    let run = record(3);
    let data = block(&html(&run));
    assert_eq!(data["seed"], "3");
    assert_eq!(data["weights"], serde_json::json!([1.0, 0.5]));
    assert_eq!(
        data["places"].as_array().unwrap().len(),
        run.tree.nodes().len()
    );
    assert_eq!(data["previewWords"], run.preview_words());
    for (index, pane) in [Pane::Base, Pane::Guided].into_iter().enumerate() {
        let text = run.text(pane).unwrap();
        let steps = data["texts"][index]["steps"].as_array().unwrap();
        assert_eq!(steps.len(), text.pieces.len());
        for (step, kept) in steps.iter().zip(text.trace.steps()) {
            assert_eq!(step["chosen"][0], kept.token);
            assert_eq!(step["chosen"][2], kept.insight.chosen.guided);
            assert!(step["place"].is_number());
            // The weights moved on the way.
            let weights = step
                .get("weights")
                .map_or(&data["weights"], |weights| weights);
            assert_eq!(*weights, serde_json::json!(*kept.weights));
        }
    }
}

#[test]
fn whatever_a_run_says_is_data() {
    let mut run = record(3);
    run.prompt.text = NASTY.to_owned();
    run.prompt.system = Some(NASTY.to_owned());
    run.guided.pieces[0] = NASTY.to_owned();
    run.lineup_file = Some(NASTY.to_owned());
    run.app = NASTY.to_owned();
    let mut info = (*run.info).clone();
    info.name = NASTY.to_owned();
    info.objectives[0].name = NASTY.to_owned();
    info.objectives[1].about = NASTY.to_owned();
    info.models[0].source = NASTY.to_owned();
    info.texts = info.texts.iter().map(|_| NASTY.to_owned()).collect();
    run.info = info.into();
    let page = html(&run);
    assert_eq!(page.matches("<script").count(), 2);
    assert_eq!(page.matches("</script").count(), 2);
    assert!(!page.contains("<img") && !page.contains("<!--"));
    let data = block(&page);
    assert_eq!(data["objectives"][0]["name"], NASTY);
    assert_eq!(data["texts"][1]["steps"][0]["piece"], NASTY);
    assert_eq!(data["names"][3], NASTY);
}

#[test]
fn a_run_without_rows_or_plain_text_still_has_a_page() {
    let mut run = record(3);
    run.base = None;
    run.tree = std::sync::Arc::default();
    let data = block(&html(&run));
    assert!(data["texts"][0].is_null());
    let first = &data["texts"][1]["steps"][0];
    assert!(first["place"].is_null());
    assert_eq!(
        first["top"].as_array().unwrap().len(),
        run.guided.trace.steps()[0].insight.top.len()
    );
    assert!(
        data["previewWords"]
            .as_str()
            .unwrap()
            .starts_with("No rows")
    );
}
