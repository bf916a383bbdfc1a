use super::*;
use crate::app::state::settings::ThemeChoice;
use crate::app::theme;
use crate::app::widgets::token_view::TokenMark;

fn cells<'a>(texts: &[&'a str]) -> Vec<TokenCell<'a>> {
    texts
        .iter()
        .map(|text| TokenCell {
            text,
            value: None,
            mark: TokenMark::Word,
        })
        .collect()
}

fn frame(width: f32, fork_at: Option<usize>) -> Frame {
    Frame {
        lanes_height: 0.0,
        width,
        pixels_per_point: 1.0,
        font: egui::FontId::proportional(16.0),
        line_height: 32.0,
        fork_at,
    }
}

/// Does something with a window's fonts.
fn with_ui<R>(ctx: &egui::Context, mut act: impl FnMut(&Ui) -> R) -> R {
    let mut done = None;
    let mut output = ctx.run_ui(egui::RawInput::default(), |ui| done = Some(act(ui)));
    output.textures_delta.clear();
    done.unwrap()
}

fn context() -> egui::Context {
    let ctx = egui::Context::default();
    theme::install(&ctx);
    ctx
}

fn lay(tokens: &[TokenCell<'_>], width: f32, fork_at: Option<usize>) -> Arc<TextLayout> {
    with_ui(&context(), |ui| {
        TextLayout::new(ui, tokens, &frame(width, fork_at), None)
    })
}

/// Where everything is, apart from letters that stand half a pixel beside themselves.
fn assert_same(grown: &TextLayout, whole: &TextLayout) {
    assert_eq!(grown.text, whole.text);
    assert_eq!(grown.starts, whole.starts);
    assert_eq!(grown.pieces.len(), whole.pieces.len());
    for (a, b) in grown.pieces.iter().zip(&whole.pieces) {
        assert_eq!((a.token, a.line, a.kind), (b.token, b.line, b.kind));
        let apart = (a.rect.min - b.rect.min).abs() + (a.rect.max - b.rect.max).abs();
        assert!(apart.max_elem() < 2.1, "{a:?} {b:?}");
    }
    assert_eq!(grown.lines.len(), whole.lines.len());
    for (a, b) in grown.lines.iter().zip(&whole.lines) {
        assert_eq!(a, b);
    }
    assert_eq!(grown.rows.len(), whole.rows.len());
    for (a, b) in grown.rows.iter().zip(&whole.rows) {
        assert_eq!(a.ends_with_newline, b.ends_with_newline);
        let text = |row: &PlacedRow| row.glyphs.iter().map(|g| g.chr).collect::<String>();
        assert_eq!(text(a), text(b));
        assert!((a.pos.y - b.pos.y).abs() < 1e-3);
    }
    assert_eq!(grown.fork.map(|f| f.0), whole.fork.map(|f| f.0));
    assert!((grown.caret.min - whole.caret.min).length() < 2.1);
}

#[test]
fn a_text_that_grows_or_changes_stands_where_it_would_if_it_had_been_there_at_once() {
    let words = [
        " the",
        " answer",
        "s",
        " is",
        " kind",
        ",",
        " or",
        "\n\n",
        " honest",
        "\n",
        "-",
        " letter",
        "box",
        "",
        " \u{201c}",
        "well",
        ".\n\n",
        "\n",
    ];
    let word = |i: usize| words[(i * i * 7 + i * 3 + i / 5) % words.len()];
    let mut tokens: Vec<&str> = (0..140).map(word).collect();
    for (width, fork_at) in [(160.0, None), (330.0, Some(17)), (90.0, Some(60))] {
        let ctx = context();
        let mut layout = None;
        let mut grow = |tokens: &[&str]| {
            let cells = cells(tokens);
            with_ui(&ctx, |ui| {
                let new = |old| TextLayout::new(ui, &cells, &frame(width, fork_at), old);
                let grown = new(layout.take());
                assert_same(&grown, &new(None));
                layout = Some(grown);
            });
        };
        for count in 0..=tokens.len() {
            grow(&tokens[..count]);
        }
        // Other words come in the places of old ones, and the text ends elsewhere.
        for (from, step) in [(100, 1), (64, 2), (3, 5), (130, 3), (20, 4)] {
            for i in from..140 {
                tokens[i] = word(i * step + 11);
                grow(&tokens);
            }
            grow(&tokens[..from]);
        }
    }
}

#[test]
fn a_new_word_leaves_the_rows_before_it_alone() {
    let ctx = context();
    let words: Vec<&str> = std::iter::repeat_n(" letters", 60).collect();
    with_ui(&ctx, |ui| {
        let new =
            |count, old| TextLayout::new(ui, &cells(&words[..count]), &frame(200.0, None), old);
        let before = new(59, None);
        let after = new(60, Some(Arc::clone(&before)));
        let kept = after.rows.iter().zip(&before.rows);
        let same = kept
            .take_while(|(a, b)| Arc::ptr_eq(&a.row, &b.row))
            .count();
        assert!(same + 2 >= before.rows.len(), "{same}");
        assert!(Arc::ptr_eq(&new(60, Some(Arc::clone(&after))), &after));
    });
}

#[test]
fn every_token_has_a_place_and_places_follow_one_another() {
    let layout = lay(
        &cells(&["Hel", "lo", ",", " world", "!", "\n\n", "Next", " ", "one"]),
        400.0,
        None,
    );
    assert_eq!(layout.shown.len(), 9);
    for token in 0..9 {
        assert_eq!(layout.pieces_of(token).len(), 1, "token {token}");
    }
    let rect = |token: usize| layout.pieces_of(token)[0].rect;
    assert!((rect(0).right() - rect(1).left()).abs() < 0.01);
    assert!(
        rect(3).left() - rect(2).right() > 2.0,
        "the space is no part of the word"
    );
    assert_eq!(layout.pieces_of(5)[0].kind, PieceKind::Blank);
    assert!(
        rect(6).top() > rect(0).bottom() + 20.0,
        "an empty line lies between"
    );
    assert_eq!(layout.pieces_of(7)[0].kind, PieceKind::Blank);
}

#[test]
fn a_word_is_hit_anywhere_on_it_and_on_the_space_before_it() {
    let layout = lay(&cells(&["Hello", " wide", " world"]), 400.0, None);
    for token in 0..3 {
        let piece = layout.pieces_of(token)[0];
        assert_eq!(layout.token_at(piece.rect.center()), Some(token));
    }
    let second = layout.pieces_of(1)[0];
    assert_eq!(
        layout.token_at(pos2(second.rect.left() - 1.0, second.rect.center().y)),
        Some(1)
    );
    assert_eq!(layout.token_at(pos2(390.0, 10.0)), None);
    assert_eq!(layout.token_at(pos2(10.0, 900.0)), None);
}

#[test]
fn a_text_that_wraps_is_walked_by_lines() {
    let words: Vec<&str> = std::iter::repeat_n(" letters", 30).collect();
    let layout = lay(&cells(&words), 200.0, None);
    let below = layout.token_beside(0, 1).unwrap();
    assert!(layout.pieces_of(below)[0].line == 1);
    assert_eq!(layout.token_beside(below, -1), Some(0));
    assert_eq!(layout.token_beside(0, -1), None);
    let (all, letters) = layout.visible(0.0, 1e6);
    assert_eq!(all, 0..layout.pieces.len());
    assert_eq!(letters.rows.len(), layout.rows.len());
    let (none, letters) = layout.visible(100.0, -40.0);
    assert!(none.is_empty() && letters.rows.is_empty(), "{none:?}");
    let (some, letters) = layout.visible(40.0, 60.0);
    assert!(some.len() < all.len() && !some.is_empty());
    assert!(letters.rows.len() < 4 && letters.mesh_bounds.height() > 8.0);
}

#[test]
fn odd_tokens_keep_their_place() {
    let mut tokens = cells(&["caf", "", "é", "\u{fffd}", "\u{7}", ""]);
    tokens[5].mark = TokenMark::End;
    let layout = lay(&tokens, 400.0, Some(2));
    let kinds: Vec<PieceKind> = (0..6).map(|t| layout.pieces_of(t)[0].kind).collect();
    assert_eq!(
        kinds,
        [
            PieceKind::Word,
            PieceKind::Part,
            PieceKind::Word,
            PieceKind::Word,
            PieceKind::Word,
            PieceKind::End
        ]
    );
    let fork = layout.fork().unwrap();
    assert!(fork.width() > 15.0);
    assert!(fork.right() <= layout.pieces_of(2)[0].rect.left() + 0.1);
}

#[test]
fn nothing_is_a_text_too() {
    let layout = lay(&[], 300.0, Some(0));
    assert_eq!(layout.shown.len(), 0);
    assert!(layout.pieces_of(0).is_empty());
    assert_eq!(layout.token_at(pos2(1.0, 1.0)), None);
    assert!(layout.visible(0.0, 100.0).0.is_empty());
}

#[test]
fn letters_are_laid_out_again_where_the_toolkit_has_put_them_elsewhere() {
    let ctx = context();
    theme::apply(&ctx, ThemeChoice::Light);
    let words = cells(&["Hello", " world"]);
    let lay = |old| {
        let old: &Option<Arc<TextLayout>> = old;
        with_ui(&ctx, |ui| {
            TextLayout::new(ui, &words, &frame(300.0, None), old.clone())
        })
    };
    let first = Some(lay(&None));
    let kept = lay(&first);
    assert!(
        first
            .as_ref()
            .is_some_and(|first| Arc::ptr_eq(first, &kept))
    );
    // Another theme has its own letters in the toolkit's texture.
    theme::apply(&ctx, ThemeChoice::Dark);
    lay(&None);
    let after = lay(&first);
    assert!(!Arc::ptr_eq(&kept, &after));
    assert_eq!(after.pieces, kept.pieces);
}
