use super::*;

fn read(content: &str, label: Option<Label>, strict: bool) -> Result<Preferences, TrainError> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("pairs.jsonl");
    std::fs::write(&path, content).unwrap();
    read_preferences(&path, label, strict)
}

#[test]
fn plain_strings_keep_their_order_in_lines_and_in_an_array() {
    let record = r#"{"prompt":"Hi","chosen":"Hello.","rejected":"What?"}"#;
    let lines = read(&format!("{record}\n\n{record}\n"), None, true).unwrap();
    let array = read(&format!(" [{record},{record}]"), None, true).unwrap();
    assert_eq!(lines.pairs[1].line, 3);
    assert_eq!(array.pairs[1].line, 2);
    assert_eq!(lines.pairs[0], array.pairs[0]);
    assert_eq!(lines.pairs[0].prompt, PairPrompt::Words("Hi".to_owned()));
    assert_eq!(lines.pairs[0].chosen, "Hello.");
}

#[test]
fn whole_dialogues_split_at_the_last_answer() {
    let data = r#"{"chosen":"\n\nHuman: a\n\nAssistant: b\n\nHuman: c\n\nAssistant: good","rejected":"\n\nHuman: a\n\nAssistant: b\n\nHuman: c\n\nAssistant: bad"}"#;
    let pair = &read(data, None, true).unwrap().pairs[0];
    let before = "\n\nHuman: a\n\nAssistant: b\n\nHuman: c\n\nAssistant:";
    assert_eq!(pair.prompt, PairPrompt::Written(before.to_owned()));
    assert_eq!(
        (pair.chosen.as_str(), pair.rejected.as_str()),
        (" good", " bad")
    );
}

#[test]
fn a_doubly_judged_pair_follows_its_label_and_asks_for_one() {
    let data = r#"{"prompt":"p","response_0":"zero","response_1":"one","better_response_id":1,"safer_response_id":0}"#;
    let helpful = read(data, Some(Label::Helpful), false).unwrap();
    let harmless = read(data, Some(Label::Harmless), false).unwrap();
    assert_eq!(helpful.pairs[0].chosen, "one");
    assert_eq!(harmless.pairs[0].chosen, "zero");
    assert!(matches!(
        read(data, None, false),
        Err(TrainError::LabelNeeded { .. })
    ));
}

#[test]
fn chat_lists_are_read_with_and_without_the_prompt_repeated() {
    let user = r#"{"role":"user","content":"Hi"}"#;
    let reply = |text: &str| format!(r#"{{"role":"assistant","content":"{text}"}}"#);
    let (yes, no) = (reply("yes"), reply("no"));
    let forms = [
        format!(r#"{{"prompt":"Hi","chosen":[{user},{yes}],"rejected":[{user},{no}]}}"#),
        format!(r#"{{"prompt":[{user}],"chosen":[{yes}],"rejected":[{no}]}}"#),
        format!(r#"{{"prompt":[{user}],"chosen":[{user},{yes}],"rejected":[{user},{no}]}}"#),
        format!(r#"{{"chosen":[{user},{yes}],"rejected":[{user},{no}]}}"#),
        r#"{"prompt":"Hi","chosen":"yes","rejected":"no"}"#.to_owned(),
    ];
    for form in forms {
        let pair = &read(&form, None, true).unwrap().pairs[0];
        assert_eq!(pair.prompt, PairPrompt::Words("Hi".to_owned()), "{form}");
        assert_eq!(
            (pair.chosen.as_str(), pair.rejected.as_str()),
            ("yes", "no")
        );
    }
}

#[test]
fn several_messages_stay_a_chat() {
    let data = r#"{"prompt":[{"role":"system","content":"s"},{"role":"user","content":"u"}],"chosen":"a","rejected":"b"}"#;
    let pair = &read(data, None, true).unwrap().pairs[0];
    let PairPrompt::Chat(chat) = &pair.prompt else {
        panic!("{:?}", pair.prompt)
    };
    assert_eq!(chat.len(), 2);
    let prompt = pair.prompt.to_prompt();
    assert_eq!((prompt.text.as_str(), prompt.earlier.len()), ("u", 1));
    assert_eq!(prompt.earlier[0].role, "system");
}

#[test]
fn bad_lines_are_numbered_with_reasons_and_strict_stops_at_the_first() {
    let data = "{\"prompt\":\"p\",\"chosen\":\"a\",\"rejected\":\"b\"}\n{broken\n{\"prompt\":\"p\",\"chosen\":\"\",\"rejected\":\"b\"}\n{\"text\":1}\n[]";
    let found = read(data, None, false).unwrap();
    assert_eq!(found.pairs.len(), 1);
    let lines: Vec<usize> = found.skipped.iter().map(|bad| bad.line).collect();
    assert_eq!(lines, [2, 3, 4, 5]);
    assert_eq!(found.skipped[1].reason, "the chosen answer is empty");
    let strict = read(data, None, true).unwrap_err().to_string();
    assert!(
        strict.starts_with("bad data at line 2: not JSON"),
        "{strict}"
    );
}

#[test]
fn answers_that_are_the_same_are_left_out_in_every_form() {
    let good = r#"{"prompt":"p","chosen":"a","rejected":"b"}"#;
    let chat = r#"[{"role":"user","content":"p"},{"role":"assistant","content":"same"}]"#;
    let forms = [
        r#"{"prompt":"p","chosen":"same","rejected":"same"}"#.to_owned(),
        format!(r#"{{"chosen":{chat},"rejected":{chat}}}"#),
        r#"{"chosen":"\n\nHuman: a\n\nAssistant: same","rejected":"\n\nHuman: a\n\nAssistant: same"}"#.to_owned(),
        r#"{"prompt":"p","response_0":"same","response_1":"same","better_response_id":0,"safer_response_id":1}"#.to_owned(),
    ];
    for form in forms {
        let found = read(&format!("{good}\n{form}\n"), Some(Label::Helpful), false).unwrap();
        assert_eq!(found.pairs.len(), 1, "{form}");
        assert_eq!(found.skipped[0].line, 2);
        assert_eq!(found.skipped[0].reason, "the two answers are the same");
        let strict = read(&form, Some(Label::Helpful), true).unwrap_err();
        assert!(strict.to_string().contains("are the same"), "{strict}");
    }
    // Another letter is another answer.
    let near = r#"{"prompt":"p","chosen":"Same","rejected":"same"}"#;
    assert_eq!(read(near, None, true).unwrap().pairs.len(), 1);
}

#[test]
fn a_survey_shows_what_reading_would_refuse() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("pairs.jsonl");
    let judged = r#"{"prompt":"p","response_0":"zero","response_1":"one","better_response_id":1,"safer_response_id":0}"#;
    std::fs::write(&path, format!("{judged}\n{{\"a\":1}}\nnonsense\n")).unwrap();
    let seen = survey(&path, None).unwrap();
    assert!(seen.labelled);
    assert_eq!(seen.pairs[0].chosen, "one");
    let lines: Vec<usize> = seen.skipped.iter().map(|bad| bad.line).collect();
    assert_eq!(lines, [2, 3]);
    let other = survey(&path, Some(Label::Harmless)).unwrap();
    assert_eq!(other.pairs[0].chosen, "zero");
    std::fs::write(&path, "{\"a\":1}\n").unwrap();
    let seen = survey(&path, None).unwrap();
    assert!(seen.pairs.is_empty() && !seen.labelled);
    assert_eq!(seen.skipped.len(), 1);
}

#[test]
fn a_file_without_one_good_line_is_an_error_that_names_the_first() {
    let message = read("{\"a\":1}\n{\"b\":2}", None, false)
        .unwrap_err()
        .to_string();
    assert!(message.contains("at line 1"), "{message}");
    assert!(matches!(
        read("[]", None, false),
        Err(TrainError::Empty { .. })
    ));
    assert!(matches!(
        read("[{", None, false),
        Err(TrainError::Format { .. })
    ));
}

#[test]
fn dialogues_that_answer_different_things_are_left_out() {
    let data =
        r#"[{"chosen":"\n\nHuman: a\n\nAssistant: x","rejected":"\n\nHuman: b\n\nAssistant: x"}]"#;
    let message = read(data, None, true).unwrap_err().to_string();
    assert!(message.contains("differ before their last answer"));
}
