//! The page of a run in a real browser: its sliders move its numbers, its numbers are the program's, it asks nobody for
//! anything, and what a run says does nothing.

mod browser;
mod expected;

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use counterpoise::demo::recordings::ALL;
use counterpoise::domain::{Pane, Sampling};
use counterpoise::record::export::Format;
use counterpoise::record::look::Look;
use counterpoise::record::{Keep, NEEDS_MODEL, Record, read};
use serde_json::{Value, json};

use crate::common::spawn;
use browser::browse;
use expected::{Expected, expect};

/// Reads the page as it is, and then with each of these weights: text that stays, and text that follows.
fn script(weights: &[Vec<f64>]) -> String {
    format!(
        "const told = {{ first: read(), under: [] }};
         for (const weights of {}) {{
           weights.forEach((weight, index) => (index % 2 ? setNumber : setSlider)(index, weight));
           follow(false);
           const stays = read();
           follow(true);
           told.under.push({{ stays, follows: read() }});
         }}
         told.heard = heard;
         told.resources = performance.getEntriesByType('resource').map((entry) => entry.name);
         tell(told);",
        json!(weights)
    )
}

fn page(record: &Record) -> String {
    Format::Html.write(record, &Look::default()).unwrap()
}

/// A page says just what the program says of each token.
fn compare(told: &Value, expected: &Expected, what: &str) {
    for (index, text) in expected.texts.iter().enumerate() {
        let tokens = told["texts"][index]["tokens"].as_array().unwrap();
        let ids: Vec<String> = tokens
            .iter()
            .map(|token| {
                token["place"]
                    .as_str()
                    .unwrap()
                    .rsplit(' ')
                    .next()
                    .unwrap()
                    .to_owned()
            })
            .collect();
        let wanted: Vec<String> = text.iter().map(|token| token.id.to_string()).collect();
        assert_eq!(ids, wanted, "{what}, text {index}");
        for (position, (token, wanted)) in tokens.iter().zip(text).enumerate() {
            let at = format!("{what}, text {index}, token {position}");
            assert_eq!(token["odds"], json!(wanted.odds), "{at}");
            assert_eq!(token["likelier"], wanted.likelier, "{at}");
            let numbers = |row: &Value| Value::from(row.as_array().unwrap()[1..].to_vec());
            let rewards: Vec<Value> = token["rewards"]
                .as_array()
                .unwrap()
                .iter()
                .map(numbers)
                .collect();
            assert_eq!(json!(rewards), json!(wanted.rewards), "{at}");
            let split: Vec<&Value> = token["split"]
                .as_array()
                .unwrap()
                .iter()
                .map(|row| &row[2])
                .collect();
            assert_eq!(json!(split), json!(wanted.split), "{at}");
            let others: Vec<Value> = token["others"]
                .as_array()
                .unwrap()
                .iter()
                .map(numbers)
                .collect();
            assert_eq!(json!(others), json!(wanted.others), "{at}");
            assert!(
                token["cover"].as_str().unwrap().ends_with(&wanted.kl),
                "{at}: {}",
                token["cover"]
            );
            assert_eq!(
                (&token["shown"], &token["closed"]),
                (&json!(true), &json!(true)),
                "{at}"
            );
        }
    }
}

/// Opens the page of a run and holds it to the program under all of these weights. Returns how many texts changed, and how
/// many came to where the recording ends.
fn hold(record: &Record, weights: &[Vec<f64>], what: &str) -> (usize, usize) {
    let (told, addresses) = browse(&page(record), &script(weights));
    assert_eq!(
        told["heard"],
        json!({"violations": 0, "errors": []}),
        "{what}"
    );
    assert_eq!(told["resources"], json!([]), "{what}");
    assert_eq!(addresses, Vec::<String>::new(), "{what}");
    assert_eq!(told["first"]["news"], "", "{what}");
    compare(
        &told["first"],
        &expected::written(record),
        &format!("{what}, as written"),
    );
    let (mut changed, mut left) = (0, 0);
    for (weights, told) in weights.iter().zip(told["under"].as_array().unwrap()) {
        let at = format!("{what} at {weights:?}");
        let expected = expect(record, weights);
        compare(&told["stays"], &expected, &format!("{at}, the text stays"));
        let exactness = told["stays"]["exactness"].as_str().unwrap();
        assert!(
            exactness.ends_with(&expected.exactness),
            "{at}: {exactness}, not {}",
            expected.exactness
        );
        let marked = |token: &Value| token["isChange"] == true;
        let tokens = told["stays"]["texts"].as_array().unwrap().last().unwrap()["tokens"]
            .as_array()
            .unwrap();
        assert_eq!(
            tokens.iter().position(marked),
            expected.first_change,
            "{at}"
        );

        let followed = expected::follow(record, weights, &expected);
        compare(
            &told["follows"],
            &followed.expected,
            &format!("{at}, the text follows"),
        );
        let news = told["follows"]["news"].as_str().unwrap();
        assert_eq!(
            news.contains(NEEDS_MODEL),
            followed.needs_model,
            "{at}: {news}"
        );
        let stop = &told["follows"]["texts"].as_array().unwrap().last().unwrap()["stop"];
        assert_eq!(
            stop.as_str().is_some_and(|stop| stop.contains(NEEDS_MODEL)),
            followed.needs_model,
            "{at}"
        );
        changed += usize::from(followed.changed);
        left += usize::from(followed.needs_model);
    }
    (changed, left)
}

#[test]
#[ignore = "needs Chromium; .ci/run runs it"]
fn html_of_the_recorded_demos_says_what_the_program_says() {
    let mut all_left = 0;
    for recording in ALL {
        let record = read(recording.text).unwrap();
        let mut weights: Vec<Vec<f64>> =
            record.branches.iter().map(|b| b.weights.clone()).collect();
        let size = page(&record).len();
        assert!(size < 400_000, "{}: {size} bytes", recording.title);
        let off_grid = [
            vec![0.0, 0.0, 0.0],
            vec![1.37, 0.61, 0.25],
            vec![0.0, 1.9, 1.9],
            vec![0.0, 0.0, 2.0],
            vec![0.3, 0.0, 1.1],
            vec![0.0, 5.0, 2.0],
            record.weights.to_vec(),
        ];
        weights.extend(off_grid);
        let (changed, left) = hold(&record, &weights, recording.title);
        assert!(changed >= 3, "{}: {changed} texts changed", recording.title);
        all_left += left;
    }
    assert!(all_left >= 1, "no text left its recording");
}

#[test]
#[ignore = "needs Chromium; .ci/run runs it"]
fn html_of_whole_and_rounded_rows_and_of_every_way_to_draw_says_what_the_program_says() {
    let ways: [(&str, Sampling); 6] = [
        ("usual", Sampling::default()),
        (
            // Most of its tokens are none of the likeliest.
            "hot",
            Sampling {
                temperature: 5.0,
                ..Sampling::default()
            },
        ),
        (
            "greedy",
            Sampling {
                temperature: 0.0,
                ..Sampling::default()
            },
        ),
        (
            "top-k",
            Sampling {
                top_k: 8,
                temperature: 1.3,
                ..Sampling::default()
            },
        ),
        (
            "top-p",
            Sampling {
                top_p: 0.8,
                seed: u64::MAX - 3,
                ..Sampling::default()
            },
        ),
        (
            "min-p",
            Sampling {
                min_p: 0.05,
                temperature: 0.7,
                ..Sampling::default()
            },
        ),
    ];
    let weights = vec![
        vec![0.3, 1.7, 0.0],
        vec![2.0, 0.0, 0.55],
        vec![1.0, 1.0, 1.0],
    ];
    let mut changed = 0;
    for (name, sampling) in ways {
        let live = expected::generated(&Sampling {
            max_tokens: 10,
            ..sampling
        });
        changed += hold(&live, &weights, name).0;
        if name == "usual" {
            for (name, keep) in [
                ("rounded", Keep::UpTo(live.tree.bytes() * 2 / 3)),
                ("likely", Keep::Likely(40)),
            ] {
                let part = read(&live.to_document(keep).to_string()).unwrap();
                hold(&part, &weights, name);
            }
        } else {
            let part = read(&live.to_document(Keep::Likely(40)).to_string()).unwrap();
            hold(&part, &weights, &format!("{name}, likely"));
        }
    }
    assert!(changed > 3, "{changed}");
}

#[test]
#[ignore = "needs Chromium; .ci/run runs it"]
fn html_with_nasty_words_does_nothing_with_them() {
    let nasty = "</script><img src=x onerror='window.bad=1'><script>window.bad=1</script><!-- &lt;b&gt; \u{2028} javascript:bad()";
    let mut record = read(ALL[0].text).unwrap();
    record.prompt.text = nasty.to_owned();
    record.prompt.system = Some(nasty.to_owned());
    record.guided.pieces[1] = nasty.to_owned();
    let mut info = (*record.info).clone();
    info.objectives[0].name = nasty.to_owned();
    info.objectives[0].about = nasty.to_owned();
    info.models[0].source = nasty.to_owned();
    info.texts = info
        .texts
        .iter()
        .map(|text| format!("{text}{nasty}"))
        .collect();
    record.info = info.into();
    let script = "setSlider(0, 0.4); follow(false);
        const told = read();
        told.bad = window.bad ?? null;
        told.heading = words(document.querySelector('h1'));
        told.images = document.images.length;
        told.scripts = document.scripts.length;
        told.heard = heard;
        tell(told);";
    let (told, addresses) = browse(&page(&record), script);
    assert_eq!(told["bad"], Value::Null);
    assert_eq!(told["heading"], nasty);
    assert_eq!(told["images"], 0);
    // The data, the page's own script, and the one that reads.
    assert_eq!(told["scripts"], 3);
    assert_eq!(told["heard"], json!({"violations": 0, "errors": []}));
    assert_eq!(told["texts"][1]["tokens"][1]["piece"], nasty);
    assert!(addresses.is_empty(), "{addresses:?}");
}

#[test]
#[ignore = "needs Chromium; .ci/run runs it"]
fn html_lets_nothing_out_even_if_it_tried() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let calls = Arc::new(AtomicUsize::new(0));
    let heard = Arc::clone(&calls);
    spawn(move || {
        for mut caller in listener.incoming().flatten() {
            heard.fetch_add(1, Ordering::SeqCst);
            let _ = caller.read(&mut [0; 2048]);
            let _ = caller.write_all(
                b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
            );
        }
    });
    let script = format!(
        "const tries = [
           fetch('{address}/a').then(() => 'fetched', () => 'refused'),
           new Promise((done) => {{
             const image = new Image();
             image.onload = () => done('loaded');
             image.onerror = () => done('refused');
             image.src = '{address}/b.png';
           }}),
           new Promise((done) => {{
             const script = document.createElement('script');
             script.onload = () => done('loaded');
             script.onerror = () => done('refused');
             script.src = '{address}/c.js';
             document.body.append(script);
           }}),
         ];
         Promise.all(tries).then((tries) => setTimeout(() => tell({{ tries, violations: heard.violations }}), 50));"
    );
    let whole = page(&read(ALL[0].text).unwrap());
    let (told, addresses) = browse(&whole, &script);
    assert_eq!(told["tries"], json!(["refused", "refused", "refused"]));
    assert!(told["violations"].as_u64().unwrap() >= 3, "{told}");
    assert_eq!(addresses, Vec::<String>::new());
    assert_eq!(calls.load(Ordering::SeqCst), 0, "somebody called");
    // Without its policy the same page would call, and this test would hear it.
    let open = whole.replace("default-src 'none'", "default-src *");
    let (_, addresses) = browse(&open, &script);
    assert!(addresses.iter().any(|asked| asked.starts_with(&address)));
    assert!(calls.load(Ordering::SeqCst) > 0, "nobody called");
}

#[test]
#[ignore = "needs Chromium; .ci/run runs it"]
fn html_is_used_with_the_keyboard() {
    let script = "const keys = (key) => document.activeElement.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true }));
        const card = document.getElementById('card');
        const seen = [];
        const look = () => seen.push([card.hidden, words(card.querySelector('.place')), !card.querySelector('.close').hidden]);
        const pane = document.querySelectorAll('.pane')[1];
        pane.querySelector('.t[tabindex=\"0\"]').focus(); look();
        keys('ArrowRight'); look();
        keys('Enter'); look();
        keys('ArrowRight'); look();
        keys('Escape'); seen.push([card.hidden]);
        const stops = all(pane, '.t[tabindex=\"0\"]').length;
        const plain = all(document, 'button').find((button) => words(button) === 'Plain model');
        plain.click();
        const news = words(document.getElementById('news'));
        all(document, 'button').find((button) => words(button) === 'As recorded').click();
        tell({ seen, stops, news, after: words(document.getElementById('news')), heard });";
    let record = read(ALL[0].text).unwrap();
    let (told, _) = browse(&page(&record), script);
    let place = |position: usize| {
        let id = record.text(Pane::Guided).unwrap().trace.steps()[position].token;
        format!("With guidance · token {} · id {id}", position + 1)
    };
    assert_eq!(
        told["seen"],
        json!([
            [false, place(0), false],
            [false, place(1), false],
            [false, place(1), true],
            [false, place(2), true],
            [true]
        ])
    );
    assert_eq!(told["stops"], 1);
    assert!(
        told["news"]
            .as_str()
            .unwrap()
            .starts_with("The text changes at token 1"),
        "{told}"
    );
    assert_eq!(told["after"], "");
    assert_eq!(told["heard"], json!({"violations": 0, "errors": []}));
}
