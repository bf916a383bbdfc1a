use serde_json::json;

use super::*;

/// A folder with this tokenizer.json, and other files by name.
fn open(tokenizer: &Value, others: &[(&str, &str)]) -> Text {
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join("tokenizer.json"), tokenizer.to_string()).unwrap();
    for (name, content) in others {
        std::fs::write(home.path().join(name), content).unwrap();
    }
    let folder = Folder::Directory(home.path().to_path_buf());
    Text::open(&folder, "the base model", &[9]).unwrap()
}

fn special(id: usize, content: &str) -> Value {
    json!({"id": id, "content": content, "special": true, "single_word": false,
        "lstrip": false, "rstrip": false, "normalized": false})
}

/// All 256 bytes as GPT-2 spells them, after two special tokens.
fn bytes() -> Text {
    let own = |byte: &u8| matches!(byte, 0x21..=0x7E | 0xA1..=0xAC | 0xAE..=0xFF);
    let letters = (0..=u8::MAX)
        .filter(own)
        .map(char::from)
        .chain((0x100..0x144).filter_map(char::from_u32));
    let mut vocabulary = serde_json::Map::new();
    for token in ["<s>", "</s>"]
        .map(str::to_owned)
        .into_iter()
        .chain(letters.map(String::from))
    {
        vocabulary.insert(token, json!(vocabulary.len()));
    }
    let level = json!({"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": false, "use_regex": false});
    open(
        &json!({
            "version": "1.0", "added_tokens": [special(0, "<s>"), special(1, "</s>")],
            "pre_tokenizer": level, "decoder": level,
            "model": {"type": "BPE", "vocab": vocabulary, "merges": []},
        }),
        &[
            (
                "tokenizer_config.json",
                r#"{"eos_token": {"content": "</s>"}}"#,
            ),
            ("generation_config.json", r#"{"eos_token_id": [1, 5]}"#),
        ],
    )
}

/// SentencePiece-like: pieces with `▁`, two bytes of an umlaut, a start token that is put before texts.
fn pieces(others: &[(&str, &str)]) -> Text {
    let tokens = [
        "<unk>",
        "<s>",
        "</s>",
        "\u{2581}",
        "a",
        "b",
        "\u{2581}a",
        "<0xC3>",
        "<0xBC>",
        "<0x0A>",
    ];
    let vocabulary: serde_json::Map<String, Value> = tokens
        .iter()
        .enumerate()
        .map(|(id, token)| ((*token).to_owned(), json!(id)))
        .collect();
    open(
        &json!({
            "version": "1.0",
            "added_tokens": [special(0, "<unk>"), special(1, "<s>"), special(2, "</s>")],
            "normalizer": {"type": "Sequence", "normalizers": [
                {"type": "Prepend", "prepend": "\u{2581}"},
                {"type": "Replace", "pattern": {"String": " "}, "content": "\u{2581}"}]},
            "post_processor": {"type": "TemplateProcessing",
                "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
                "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
                "special_tokens": {"<s>": {"id": "<s>", "ids": [1], "tokens": ["<s>"]}}},
            "decoder": {"type": "Sequence", "decoders": [
                {"type": "Replace", "pattern": {"String": "\u{2581}"}, "content": " "},
                {"type": "ByteFallback"}, {"type": "Fuse"},
                {"type": "Strip", "content": " ", "start": 1, "stop": 0}]},
            "model": {"type": "BPE", "unk_token": "<unk>", "byte_fallback": true, "fuse_unk": true,
                "vocab": vocabulary, "merges": [["\u{2581}", "a"]]},
        }),
        others,
    )
}

fn joined(text: &Text, ids: &[TokenId]) -> (Vec<String>, String) {
    let mut detokenizer = text.detokenizer();
    let pieces: Vec<String> = ids.iter().map(|&id| detokenizer.push(id)).collect();
    let whole = pieces.concat() + &detokenizer.finish();
    (pieces, whole)
}

#[test]
fn pieces_joined_are_the_text_and_split_characters_wait() {
    let text = bytes();
    let said = "naïve 好🙂\n  done";
    let ids = text.encode(said).unwrap();
    assert_eq!(ids.len(), said.len());
    let (pieces, whole) = joined(&text, &ids);
    assert_eq!(whole, said);
    assert_eq!(pieces[2], "", "the first byte of ï waits");
    assert_eq!(pieces[3], "ï");
    // An unfinished character is told at the end, and a special token is not part of the text.
    assert_eq!(joined(&text, &ids[..3]).1, "na\u{FFFD}");
    assert_eq!(joined(&text, &[ids[0], 1, ids[1]]).1, "na");
}

#[test]
fn spaces_between_pieces_are_kept() {
    let text = pieces(&[]);
    let ids = [6, 5, 6, 7, 8, 3, 4];
    assert_eq!(joined(&text, &ids).1, "ab aü a");
}

#[test]
fn tables_show_spaces_and_unfinished_bytes() {
    let texts = bytes().texts(258);
    assert_eq!(texts[..3], ["<s>", "</s>", "!"]);
    let id = |byte: u8| bytes().encode(&char::from(byte).to_string()).unwrap()[0] as usize;
    assert_eq!(
        (texts[id(b' ')].as_str(), texts[id(b'\n')].as_str()),
        (" ", "\n")
    );
    let ids = bytes().encode("ü").unwrap();
    assert_eq!(texts[ids[0] as usize], "<0xC3>");
    let texts = pieces(&[]).texts(10);
    assert_eq!(texts[3..], [" ", "a", "b", " a", "<0xC3>", "<0xBC>", "\n"]);
}

#[test]
fn the_start_token_is_added_once_and_only_where_the_tokenizer_adds_it() {
    let text = pieces(&[]);
    assert_eq!(text.encode_prompt("a").unwrap(), [1, 6]);
    assert_eq!(text.encode_prompt("<s>a").unwrap()[..1], [1]);
    assert_ne!(text.encode_prompt("<s>a").unwrap()[1], 1);
    assert_eq!(text.encode("a").unwrap(), [6]);
    assert!(!bytes().encode_prompt("a").unwrap().contains(&0));
    let off = r#"{"tokenizer_class": "LlamaTokenizer", "add_bos_token": false}"#;
    let text = pieces(&[("tokenizer_config.json", off)]);
    assert_eq!(text.encode_prompt("a").unwrap(), [6]);
}

#[test]
fn all_end_tokens_are_known_and_the_tokenizers_own_is_first() {
    assert_eq!(bytes().ends(), [1, 9, 5]);
    assert_eq!(pieces(&[]).ends(), [9]);
}

#[test]
fn chat_templates_come_from_a_file_a_text_or_a_list() {
    let prompt = Prompt::of("a");
    let render = |others: &[(&str, &str)], wanted: Option<&str>| {
        let text = pieces(others);
        let template = text.template(wanted, "the base model").unwrap();
        text.read(&template, &prompt, None).unwrap().0
    };
    let list = r#"{"chat_template": [{"name": "rag", "template": "R"}, {"name": "default", "template": "D{{ prompt }}"}]}"#;
    let settings = (
        "tokenizer_config.json",
        r#"{"chat_template": "S{{ messages[0].content }}"}"#,
    );
    assert_eq!(render(&[], None), "a");
    assert_eq!(render(&[settings], None), "Sa");
    assert_eq!(render(&[settings], Some("chat")), "Sa");
    assert_eq!(render(&[settings], Some("raw")), "a");
    assert_eq!(render(&[settings], Some("[{{ prompt }}]")), "[a]");
    assert_eq!(render(&[("tokenizer_config.json", list)], None), "Da");
    assert_eq!(
        render(&[settings, ("chat_template.jinja", "F{{ prompt }}")], None),
        "Fa"
    );
    let none = pieces(&[])
        .template(Some("chat"), "the base model")
        .unwrap_err();
    assert_eq!(
        none.to_string(),
        "the tokenizer of the base model has no chat template"
    );
}

#[test]
fn vocabularies_are_compared_by_text_not_by_size() {
    let (a, b) = (pieces(&[]), pieces(&[]));
    assert_eq!(
        compare(&a, &b, "objective kind", 10).unwrap(),
        Agreement::Same
    );
    let error = compare(&a, &bytes(), "objective kind", 10).unwrap_err();
    assert!(
        error.to_string().starts_with("10 token ids mean different texts in the base model and in objective kind: 0 (“<unk>” and “<s>”)"),
        "{error}"
    );
}
