//! Where the guided text has come from: the ways that were taken, and those that stand beside the newest of them.

use egui::{Button, RichText, Ui};

use super::naming;
use crate::app::shortcuts::Shortcut;
use crate::app::state::State;
use crate::app::state::branches::Turn;
use crate::app::state::run::Run;
use crate::app::theme::{palette, size, space};
use crate::app::update::Action;
use crate::domain::RunId;

/// What the line above a text that branches shows.
#[derive(Debug, Clone, PartialEq)]
pub struct BranchesView {
    /// The ways to the text on screen, the first text first.
    pub crumbs: Vec<Crumb>,
    /// Which of the texts that part at one place is on screen, from 1, how many there are, and where they part.
    pub counter: Option<(usize, usize, String)>,
}

/// One way that was taken.
#[derive(Debug, Clone, PartialEq)]
pub struct Crumb {
    /// What was done there.
    pub label: String,
    /// The newest text on that way.
    pub run: RunId,
    /// Whether it is on screen.
    pub shown: bool,
}

impl BranchesView {
    /// Decides what the line shows; nothing for a text that does not branch.
    #[must_use]
    pub fn build(state: &State) -> Option<Self> {
        let family = state.family();
        let path = state.path();
        if family.is_none() && path.len() < 2 {
            return None;
        }
        let crumb = |run: &&Run| Crumb {
            label: label(state, run),
            run: run.id,
            shown: state.shown == Some(run.id),
        };
        Some(Self {
            crumbs: path.iter().map(crumb).collect(),
            counter: family.and_then(|family| {
                let place = naming::place(state.run()?, family.at);
                Some((family.index + 1, family.runs.len(), place))
            }),
        })
    }
}

fn label(state: &State, run: &Run) -> String {
    let Some(fork) = &run.fork else {
        return "First text".to_owned();
    };
    let place = naming::place(run, fork.at);
    match &fork.turn {
        Turn::Token(token) => {
            let word = naming::written_word(state, Some(run), fork.at, *token);
            format!("{word} at {place}")
        }
        Turn::Words(words) => format!("\u{201c}{words}\u{201d} at {place}"),
        Turn::Seed(seed) => format!("Drawn again from {place} (seed {seed})"),
    }
}

/// Draws the line.
pub fn branches_ui(ui: &mut Ui, view: &BranchesView) -> Vec<Action> {
    let mut actions = Vec::new();
    let weak = palette(ui).weak;
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = space::XS;
        if let Some((number, count, place)) = &view.counter {
            for (arrow, name, by, shortcut) in [
                ("\u{2039}", "Previous branch", -1, Shortcut::PreviousBranch),
                ("\u{203a}", "Next branch", 1, Shortcut::NextBranch),
            ] {
                let button = ui.add(Button::new(arrow).min_size(egui::Vec2::splat(space::TARGET)));
                let button = button.on_hover_text(shortcut.hint(ui.ctx()));
                ui.ctx()
                    .accesskit_node_builder(button.id, |node| node.set_label(name));
                if button.clicked() {
                    actions.push(Action::MoveBranch(by));
                }
                if by < 0 {
                    ui.label(RichText::new(format!("{number} of {count}")).size(size::SMALL))
                        .on_hover_text(format!("The texts part at {place}"));
                }
            }
        }
        for (index, crumb) in view.crumbs.iter().enumerate() {
            if index > 0 {
                ui.label(RichText::new("\u{203a}").size(size::SMALL).color(weak));
            }
            let text = RichText::new(&crumb.label).size(size::SMALL);
            if crumb.shown {
                ui.label(text.strong());
            } else if ui
                .add(
                    Button::new(text)
                        .frame(false)
                        .min_size(egui::vec2(0.0, space::TARGET)),
                )
                .on_hover_text("Go back to this text; the others stay")
                .clicked()
            {
                actions.push(Action::ShowRun(crumb.run));
            }
        }
    });
    actions
}
