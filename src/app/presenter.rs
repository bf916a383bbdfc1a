//! Keys without modifiers, most of them for whoever shows Demo mode to others. They count only where nothing else has the
//! keyboard.

use egui::{Context, Key, Modifiers};

use crate::app::state::page::Page;
use crate::app::state::{State, TokenRef};
use crate::app::update::{Action, ShowAction, SideAction};
use crate::domain::Pane;

/// Keys that stand for the first prompts of the library.
const DIGITS: [Key; 9] = [
    Key::Num1,
    Key::Num2,
    Key::Num3,
    Key::Num4,
    Key::Num5,
    Key::Num6,
    Key::Num7,
    Key::Num8,
    Key::Num9,
];

/// What they do, for the table of shortcuts; in Lab mode only the first one counts.
pub const TABLE: [(&str, &str); 8] = [
    ("J", "Jump to the word at which the two texts part"),
    ("Space", "Let both answer, or stop"),
    (
        "1 to 9",
        "Ask one of the first nine questions of the library",
    ),
    ("Left, Right", "Move the balance"),
    ("Up, Down", "More or less strength"),
    ("H", "Show or hide the colours"),
    ("D", "Mark what differs, or no longer"),
    ("F", "Let everything stand still, or go on"),
];

/// Takes these keys out of the input and says what they ask for.
pub fn pressed(ctx: &Context, state: &State) -> Vec<Action> {
    let covered = state.help_open || state.palette.is_some() || state.sheet.is_some();
    let steering = state.page == Page::Steer && !covered;
    if !steering || ctx.memory(|memory| memory.focused().is_some()) {
        return Vec::new();
    }
    let mut keys: Vec<(Key, Action)> = jump(state).map(|jump| (Key::J, jump)).into_iter().collect();
    if state.is_showing() {
        keys.extend(shown_to_others());
    }
    let mut actions: Vec<Action> = ctx.input_mut(|input| {
        keys.into_iter()
            .filter(|(key, _)| input.consume_key(Modifiers::NONE, *key))
            .map(|(_, action)| action)
            .collect()
    });
    if state.is_showing() {
        actions.extend(moved(ctx));
    }
    actions
}

/// What the arrow keys ask for: a key that is held down may come several times in a frame.
fn moved(ctx: &Context) -> Vec<Action> {
    let arrows = [
        Key::ArrowLeft,
        Key::ArrowRight,
        Key::ArrowDown,
        Key::ArrowUp,
    ];
    let [left, right, down, up] = ctx.input_mut(|input| {
        arrows.map(|key| input.count_and_consume_key(Modifiers::NONE, key) as i32)
    });
    [
        (right != left).then(|| ShowAction::MoveBalance(right - left)),
        (up != down).then(|| ShowAction::MoveStrength(up - down)),
    ]
    .into_iter()
    .flatten()
    .map(Action::Show)
    .collect()
}

/// Opens the card of the first word that differs, unless it is open.
fn jump(state: &State) -> Option<Action> {
    let token = TokenRef {
        pane: Pane::Guided,
        index: state.run()?.fork_at()?,
    };
    (state.focus.pinned != Some(token)).then_some(Action::TogglePin(token))
}

fn shown_to_others() -> Vec<(Key, Action)> {
    let show = Action::Show;
    let mut keys = vec![
        (Key::Space, show(ShowAction::RunOrStop)),
        (Key::H, Action::ToggleHeat),
        (Key::D, Action::Side(SideAction::ToggleDiff)),
        (Key::F, show(ShowAction::ToggleFreeze)),
    ];
    let digits = DIGITS.into_iter().enumerate();
    keys.extend(digits.map(|(index, key)| (key, show(ShowAction::Ask(index)))));
    keys
}
