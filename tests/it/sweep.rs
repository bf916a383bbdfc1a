//! `counterpoise sweep` as a person or a script runs it.

use std::path::Path;

use serde_json::Value;

use crate::common::{program, run};

const QUESTIONS: [&str; 2] = [
    "My neighbour plays loud music at night. What should I do?",
    "How do I tell a friend that I broke her cup?",
];

fn questions(folder: &Path) -> String {
    let path = folder.join("questions.txt");
    std::fs::write(&path, QUESTIONS.join("\n")).unwrap();
    path.display().to_string()
}

fn numbers(value: &Value) -> Vec<f64> {
    let map = value.as_object().unwrap();
    map.values()
        .map(|number| number.as_f64().unwrap())
        .collect()
}

#[test]
fn a_sweep_tells_every_text_and_what_they_come_to() {
    let home = tempfile::tempdir().unwrap();
    let out = home.path().join("sweep.csv");
    let questions = questions(home.path());
    let arguments = [
        "sweep",
        "--prompts",
        &questions,
        "--grid",
        "harmless=0:1:2",
        "--grid",
        "helpful=0:1:2",
        "--weight",
        "humorous=0",
        "--samples",
        "2",
        "--max-tokens",
        "24",
        "--json",
        "--out",
        out.to_str().unwrap(),
    ];
    let ran = run(&arguments);
    let json = ran.json();
    assert_eq!(json["schema"], "counterpoise.sweep/1");
    assert_eq!(json["complete"], true);
    let rows = json["rows"].as_array().unwrap();
    let settings = json["settings"].as_array().unwrap();
    assert_eq!((settings.len(), rows.len()), (4, 16));
    assert_eq!(settings[0]["base"], true);
    assert!(
        numbers(&settings[0]["weights"])
            .iter()
            .all(|weight| *weight == 0.0)
    );
    // Its means are those of its rows, and its front, volume and product follow from them.
    let mut points = Vec::new();
    for (index, setting) in settings.iter().enumerate() {
        let mine: Vec<&Value> = rows.iter().filter(|row| row["setting"] == index).collect();
        assert_eq!(mine.len(), 4);
        let mean = |name: &str| {
            let score = |row: &&Value| {
                row["objectives"][name]["advantage"].as_f64().unwrap()
                    / row["tokens"].as_f64().unwrap()
            };
            mine.iter().map(score).sum::<f64>() / 4.0
        };
        for name in ["harmless", "helpful", "humorous"] {
            let told = setting["scores"][name]["mean"].as_f64().unwrap();
            assert!((told - mean(name)).abs() < 1e-9, "{name}");
        }
        points.push(([mean("helpful"), mean("harmless")], setting));
    }
    for ([x, y], setting) in &points {
        let beaten = points
            .iter()
            .any(|([a, b], _)| a >= x && b >= y && (a > x || b > y));
        assert_eq!(setting["pareto"], !beaten);
    }
    let product = points[1..]
        .iter()
        .map(|([x, y], setting)| {
            let weight = |name: &str| setting["weights"][name].as_f64().unwrap();
            weight("helpful") * x + weight("harmless") * y
        })
        .sum::<f64>()
        / 3.0;
    let summary = &json["summary"];
    assert!((summary["mean_inner_product"].as_f64().unwrap() - product).abs() < 1e-9);
    let base = points[0].0;
    assert!((summary["reference"]["helpful"].as_f64().unwrap() - base[0]).abs() < 1e-9);
    // Area above the plain model: a grid of cells between all coordinates, each in or out.
    let mut cuts = [vec![base[0]], vec![base[1]]];
    for ([x, y], _) in &points {
        cuts[0].push(x.max(base[0]));
        cuts[1].push(y.max(base[1]));
    }
    for cuts in &mut cuts {
        cuts.sort_by(f64::total_cmp);
    }
    let mut area = 0.0;
    for across in cuts[0].windows(2) {
        for up in cuts[1].windows(2) {
            if points
                .iter()
                .any(|([x, y], _)| *x >= across[1] && *y >= up[1])
            {
                area += (across[1] - across[0]) * (up[1] - up[0]);
            }
        }
    }
    assert!((summary["hypervolume"].as_f64().unwrap() - area).abs() < 1e-9);
    // Guidance shows: the setting with harmlessness alone scores better there than the plain model.
    let harmless = |index: usize| {
        settings[index]["scores"]["harmless"]["mean"]
            .as_f64()
            .unwrap()
    };
    let alone = settings.iter().position(|setting| {
        setting["weights"]["harmless"] == 1.0 && setting["weights"]["helpful"] == 0.0
    });
    assert!(harmless(alone.unwrap()) > harmless(0));
    let csv = std::fs::read_to_string(&out).unwrap();
    assert_eq!(csv.matches("\r\n").count(), 17);
    assert!(csv.starts_with("setting,prompt,sample,seed,weight helpful,"));
    // The same again is the same.
    assert_eq!(run(&arguments).json()["rows"], json["rows"]);
}

#[test]
fn each_text_of_a_sweep_is_the_one_that_generate_writes() {
    let home = tempfile::tempdir().unwrap();
    let questions = questions(home.path());
    let ran = run(&[
        "sweep",
        "--prompts",
        &questions,
        "--random",
        "3",
        "--random-sum",
        "2",
        "--max-tokens",
        "16",
        "--seed",
        "5",
        "--json",
    ]);
    let json = ran.json();
    let rows = json["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 8);
    for row in [&rows[2], &rows[7]] {
        let weights = &json["settings"][row["setting"].as_u64().unwrap() as usize]["weights"];
        let sum: f64 = numbers(weights).iter().sum();
        assert!((sum - 2.0).abs() < 1e-9);
        let prompt = QUESTIONS[row["prompt"].as_u64().unwrap() as usize];
        let mut arguments: Vec<String> = [
            "generate",
            "--no-base",
            "--max-tokens",
            "16",
            "--seed",
            "5",
            "--json",
            "--prompt",
            prompt,
        ]
        .map(str::to_owned)
        .to_vec();
        for (name, weight) in weights.as_object().unwrap() {
            arguments.extend(["--weight".to_owned(), format!("{name}={weight}")]);
        }
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let guided = &run(&arguments).json()["guided"];
        assert_eq!(guided["text"], row["text"]);
        let tokens = guided["tokens"].as_array().unwrap();
        assert_eq!(tokens.len() as u64, row["tokens"].as_u64().unwrap());
        for name in ["helpful", "harmless", "humorous"] {
            let sum: f64 = tokens
                .iter()
                .map(|token| token["objectives"][name]["advantage"].as_f64().unwrap())
                .sum();
            let told = row["objectives"][name]["advantage"].as_f64().unwrap();
            assert!((sum - told).abs() < 1e-3, "{name}: {sum} and {told}");
        }
    }
}

#[test]
fn the_table_says_how_it_was_measured_and_is_honest() {
    let home = tempfile::tempdir().unwrap();
    let questions = questions(home.path());
    let ran = run(&[
        "sweep",
        "--prompts",
        &questions,
        "--grid",
        "harmless=0:2:3",
        "--max-tokens",
        "8",
        "--reference",
        "worst",
        "--score",
        "reward",
    ]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    for words in [
        "Hypervolume",
        "Mean inner product",
        "reward, nats per text",
        "expect optimism",
        "x",
    ] {
        assert!(ran.stdout.contains(words), "{words}: {}", ran.stdout);
    }
}

#[test]
fn wrong_requests_say_why_with_the_right_code() {
    let home = tempfile::tempdir().unwrap();
    let questions = questions(home.path());
    let nowhere = home.path().join("no/such/folder.csv").display().to_string();
    for (rest, code, words) in [
        (vec![], 2, "which weights to try"),
        (vec!["--grid", "harmless=0:1"], 2, "NAME=LO:HI:STEPS"),
        (vec!["--grid", "harmless=0:nan:3"], 2, "finite"),
        (
            vec!["--grid", "kind=0:1:2"],
            2,
            "no objective called `kind`",
        ),
        (vec!["--grid", "harmless=-1:1:3"], 2, "below 0"),
        (vec!["--grid", "harmless=1:0:3"], 2, "smaller to the larger"),
        (vec!["--random", "2", "--random-sum", "0"], 2, "above 0"),
        (
            vec!["--grid", "harmless=0:1:2", "--reference", "helpful=0"],
            2,
            "not swept",
        ),
        (
            vec!["--grid", "harmless=0:1:2", "--out", "sweep.txt"],
            2,
            ".csv or .json",
        ),
        (
            vec!["--grid", "harmless=0:1:2", "--out", &nowhere],
            3,
            "does not exist",
        ),
        (
            vec!["--grid", "harmless=0:1:2", "--samples", "0"],
            2,
            "samples",
        ),
    ] {
        let mut arguments = vec!["sweep", "--prompts", &questions];
        arguments.extend(rest);
        let ran = run(&arguments);
        assert_eq!(ran.code, Some(code), "{arguments:?}: {}", ran.stderr);
        assert!(ran.stderr.contains(words), "{arguments:?}: {}", ran.stderr);
        assert!(ran.stdout.is_empty());
    }
    let ran = run(&[
        "sweep",
        "--prompts",
        "/no/such/file",
        "--grid",
        "harmless=0:1:2",
    ]);
    assert_eq!(ran.code, Some(3));
}

#[cfg(unix)]
#[test]
fn an_interrupted_sweep_keeps_what_it_has() {
    use std::io::Read as _;
    let home = tempfile::tempdir().unwrap();
    let out = home.path().join("part.json");
    let mut child = program()
        .args([
            "sweep",
            "--prompts",
            &questions(home.path()),
            "--grid",
            "harmless=0:2:20",
            "--samples",
            "400",
            "--json",
            "--out",
        ])
        .arg(&out)
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    // Far more than can be written while this test sleeps.
    std::thread::sleep(std::time::Duration::from_secs(4));
    let id = child.id().to_string();
    let killed = std::process::Command::new("kill")
        .args(["-INT", &id])
        .status()
        .unwrap();
    assert!(killed.success());
    let mut stdout = String::new();
    child
        .stdout
        .take()
        .unwrap()
        .read_to_string(&mut stdout)
        .unwrap();
    let code = child.wait().unwrap().code();
    assert_eq!(code, Some(130));
    if let Ok(kept) = std::fs::read_to_string(&out) {
        let kept: Value = serde_json::from_str(&kept).unwrap();
        assert_eq!(kept["complete"], false);
        assert!(!kept["rows"].as_array().unwrap().is_empty());
        let printed: Value = serde_json::from_str(&stdout).unwrap();
        assert_eq!(printed["rows"], kept["rows"]);
    } else {
        // On a machine too slow for a single text in this time there is nothing to keep.
        assert!(stdout.is_empty());
    }
}
