//! Scoring from the command line: one answer, and every answer of a file.

use std::fs;

use counterpoise::train::data::read_table;
use serde_json::Value;

use crate::common::run;

const PROMPT: &str = "My friend Leo is always late. What should I say?";
const ANSWERS: [&str; 2] = [
    "Tell Leo the truth, \"kindly\".",
    "Write a short message,\nand wait.",
];

/// A table with quoted cells, one of them over two lines, and an answer that is empty.
fn table() -> String {
    let quoted = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
    let rows = ANSWERS.iter().chain(&[""]).enumerate();
    let mut lines = vec!["id,prompt,answer".to_owned()];
    lines.extend(rows.map(|(id, answer)| format!("{id},{},{}", quoted(PROMPT), quoted(answer))));
    lines.join("\r\n")
}

fn alone(answer: &str) -> Value {
    run(&["score", "--prompt", PROMPT, "--response", answer, "--json"]).json()
}

#[test]
fn a_file_gives_the_numbers_of_each_answer_by_itself() {
    let home = tempfile::tempdir().unwrap();
    let (pairs, out) = (home.path().join("pairs.csv"), home.path().join("out.csv"));
    fs::write(&pairs, table()).unwrap();
    let (pairs, out) = (pairs.to_str().unwrap(), out.to_str().unwrap());
    let told = run(&["score", "--batch", pairs, "--json"]).json();
    assert_eq!(told["schema"], "counterpoise.scores/1");
    assert_eq!(told["complete"], true);
    assert_eq!(told["rows"].as_array().unwrap().len(), 3);
    assert_eq!(told["rows"][2]["error"], "There is no response to score");
    let ran = run(&["score", "--batch", pairs, "--out", out]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), ""));
    assert!(
        ran.stderr.contains("line 5: There is no response to score"),
        "{}",
        ran.stderr
    );
    let csv = fs::read_to_string(out).unwrap();
    let rows: Vec<Vec<String>> = read_table(&csv).into_iter().map(|(_, row)| row).collect();
    let (heads, rows) = rows.split_first().unwrap();
    let column = |name: &str| heads.iter().position(|head| head == name).unwrap();
    for (index, answer) in ANSWERS.iter().enumerate() {
        let alone = alone(answer);
        let tokens = alone["tokens"].as_array().unwrap().len();
        let row = &told["rows"][index];
        assert_eq!(row["response"], *answer);
        assert_eq!(row["tokens"], tokens);
        assert_eq!(row["totals"], alone["totals"]);
        let cell = |name: &str| rows[index][column(name)].parse::<f64>().unwrap();
        assert_eq!(rows[index][column("response")], *answer);
        for sum in ["base", "guided"] {
            let expected = alone["totals"][sum].as_f64().unwrap();
            assert_eq!(cell(sum).to_bits(), expected.to_bits(), "{sum}");
        }
        for (name, said) in alone["totals"]["objectives"].as_object().unwrap() {
            for what in ["reward", "advantage"] {
                let total = said[what].as_f64().unwrap();
                assert_eq!(cell(&format!("{what} {name}")).to_bits(), total.to_bits());
                let mean = cell(&format!("mean {what} {name}"));
                assert!((mean - total / tokens as f64).abs() < 1e-12);
            }
        }
    }
    assert_eq!(rows[2][column("tokens")], "");
    assert_eq!(rows[2][column("error")], "There is no response to score");
}

#[test]
fn where_the_sums_go_is_looked_at_before_anything_is_scored() {
    let home = tempfile::tempdir().unwrap();
    let pairs = home.path().join("pairs.csv");
    fs::write(&pairs, table()).unwrap();
    let out = |name: &str| {
        let path = home.path().join(name);
        let (pairs, path) = (pairs.to_str().unwrap(), path.to_str().unwrap());
        run(&["score", "--batch", pairs, "--out", path])
    };
    let nowhere = out("no/such/folder.csv");
    assert_eq!(nowhere.code, Some(3), "{}", nowhere.stderr);
    assert!(nowhere.stderr.contains("folder for the result"));
    assert!(!nowhere.stderr.contains("line 5"), "{}", nowhere.stderr);
    assert_eq!(out("sums.txt").code, Some(2));
    // The name says what the file holds.
    assert_eq!(out("sums.json").code, Some(0));
    let sums = fs::read_to_string(home.path().join("sums.json")).unwrap();
    let sums: Value = serde_json::from_str(&sums).unwrap();
    assert_eq!(sums["schema"], "counterpoise.scores/1");
}

#[test]
fn records_are_read_too_and_the_end_counts_where_it_is_wanted() {
    let home = tempfile::tempdir().unwrap();
    let pairs = home.path().join("pairs.jsonl");
    let record = serde_json::json!({"prompt": PROMPT, "response": ANSWERS[0]});
    fs::write(&pairs, format!("{record}\n")).unwrap();
    let pairs = pairs.to_str().unwrap();
    let tokens = |arguments: &[&str]| {
        let told = run(&[&["score", "--batch", pairs, "--json"], arguments].concat()).json();
        told["rows"][0]["tokens"].as_u64().unwrap()
    };
    assert_eq!(tokens(&["--eos"]), tokens(&[]) + 1);
}

#[test]
fn what_is_wrong_with_a_file_is_said_with_its_line() {
    let home = tempfile::tempdir().unwrap();
    let told = |name: &str, contents: &str| {
        let path = home.path().join(name);
        fs::write(&path, contents).unwrap();
        let ran = run(&["score", "--batch", path.to_str().unwrap()]);
        assert_eq!(ran.code, Some(3), "{}", ran.stderr);
        assert!(ran.stderr.contains(name), "{}", ran.stderr);
        ran.stderr
    };
    let words = told("short.csv", "prompt,response\na,b\nc\n");
    assert!(words.contains("line 3: it has 1 cells"), "{words}");
    let words = told("columns.csv", "question,response\na,b\n");
    assert!(
        words.contains("line 1: there is no column `prompt`"),
        "{words}"
    );
    let words = told(
        "broken.jsonl",
        "{\"prompt\": \"a\", \"response\": \"b\"}\n{\n",
    );
    assert!(words.contains("line 2: not JSON"), "{words}");
    let words = told("empty.csv", "prompt,response\n");
    assert!(words.contains("empty"), "{words}");
    let words = told("unscored.csv", "prompt,response\nWhy?,\n");
    assert!(
        words.contains("No answer of the file could be scored"),
        "{words}"
    );
    let ran = run(&["score", "--batch", "a.csv", "--prompt", "Why?"]);
    assert_eq!(ran.code, Some(2), "{}", ran.stderr);
}
