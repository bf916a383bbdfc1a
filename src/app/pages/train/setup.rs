//! The objective's name, the base that it is trained over, and the button that begins.

use egui::{TextEdit, Ui};

use super::{act, browse_ui};
use crate::app::pages::setup::start_button;
use crate::app::state::State;
use crate::app::state::training::BaseChoice;
use crate::app::state::training::Purpose;
use crate::app::theme::space;
use crate::app::update::{Action, TrainAction, lineup_base, ready};
use crate::app::widgets::numbers::count;
use crate::app::widgets::words::{heading, note, sentence};

/// What is shown.
#[derive(Debug, Clone, PartialEq)]
pub struct SetupView {
    /// The objective's name.
    pub name: String,
    /// The bases to choose among: which, its words, its explanation.
    pub bases: Vec<(BaseChoice, String, &'static str)>,
    /// The chosen one.
    pub base: BaseChoice,
    /// The path in the field of a base folder.
    pub base_path: String,
    /// Whether a file dialog is open.
    pub dialog_open: bool,
    /// What a start would do, in a sentence.
    pub plan: Option<String>,
    /// Why it cannot start.
    pub missing: Option<String>,
}

impl SetupView {
    /// Decides what is shown.
    #[must_use]
    pub fn build(state: &State) -> Self {
        let page = &state.training;
        let used = lineup_base(state);
        let mut bases = Vec::new();
        if let Some(info) = state.lineup_info() {
            bases.push((
                BaseChoice::Lineup,
                format!("In use: {}", info.name),
                "The base model of the lineup in use: the new objective can join it at once",
            ));
        }
        if used.as_deref() != Some("demo") {
            bases.push((
                BaseChoice::BuiltIn,
                "Built-in".to_owned(),
                "The small teaching model inside the program",
            ));
        }
        bases.push((
            BaseChoice::Folder,
            "A folder".to_owned(),
            "A folder with config.json, *.safetensors and tokenizer.json",
        ));
        let ready = ready(page, used.as_deref());
        let pairs = page.data().map(|data| data.count);
        let plan = ready.as_ref().ok().zip(pairs).map(|(order, pairs)| {
            let (learnt, judging) = order.split(pairs);
            let judged = match judging {
                0 => "none is held out".to_owned(),
                1 => "1 held-out pair judges".to_owned(),
                more => format!("{} held-out pairs judge", count(more)),
            };
            format!(
                "{} steps over {} pairs; {judged}",
                count(order.steps(learnt) as usize),
                count(learnt)
            )
        });
        Self {
            name: page.draft.name.clone(),
            bases,
            base: page.draft.base,
            base_path: page.draft.base_path.clone(),
            dialog_open: page.dialog.is_some(),
            plan,
            missing: ready.err().map(|words| sentence(&words)),
        }
    }
}

/// Draws name and base.
pub(super) fn setup_ui(ui: &mut Ui, view: &SetupView) -> Vec<Action> {
    let mut actions = Vec::new();
    heading(ui, "Objective");
    let edit = |ui: &mut Ui, text: &str, hint: &str, label: &str| {
        let mut text = text.to_owned();
        let before = text.clone();
        let field = TextEdit::singleline(&mut text)
            .hint_text(hint)
            .desired_width(f32::INFINITY);
        let response = ui.add(field);
        response.widget_info(|| {
            let mut info = egui::WidgetInfo::text_edit(true, &before, &before, "");
            info.label = Some(label.to_owned());
            info
        });
        response.changed().then_some(text)
    };
    let typed = edit(
        ui,
        &view.name,
        "Name, for example kind",
        "Name of the objective",
    );
    actions.extend(typed.map(act(TrainAction::EditName)));
    ui.add_space(space::XS);
    note(ui, "Trained over this base model:");
    ui.horizontal_wrapped(|ui| {
        for (base, words, help) in &view.bases {
            let radio = ui.radio(view.base == *base, words).on_hover_text(*help);
            if radio.clicked() {
                actions.push(act(TrainAction::SetBase)(*base));
            }
        }
    });
    if view.base == BaseChoice::Folder {
        let typed = ui.horizontal(|ui| {
            let browse = "Choose the folder with your desktop's dialog";
            let purpose = (view.dialog_open, Purpose::BaseFolder);
            actions.extend(browse_ui(ui, purpose, "Browse for the base", browse));
            let hint = "Folder of the base model";
            edit(ui, &view.base_path, hint, "Folder of the base")
        });
        actions.extend(typed.inner.map(act(TrainAction::EditBasePath)));
    }
    actions
}

/// Draws the button and what stands in its way.
pub(super) fn start_ui(ui: &mut Ui, view: &SetupView) -> Option<Action> {
    let said = view.missing.as_deref().or(view.plan.as_deref());
    let pressed = start_button(ui, "Start training", view.missing.is_none(), said).clicked();
    pressed.then_some(Action::Train(TrainAction::Start))
}
