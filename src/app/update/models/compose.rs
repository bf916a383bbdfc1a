//! Putting a lineup together.

use crate::app::state::State;
use crate::app::state::draft::LARGEST_TYPED_WEIGHT;
use crate::app::state::models::form::Form;
use crate::app::state::models::plan::Plan;
use crate::app::state::models::steps::StepKind;
use crate::app::state::models::{Judging, Note};
use crate::app::update::mended_weight;
use crate::domain::CancelToken;
use crate::worker::Command;
use crate::worker::shelf::{Base, Entry, JudgeRequest, Place, ShelfCommand, Source};

use super::{ModelsAction, remember};

/// Puts another lineup in the place of the one in hand; undo brings that one back.
pub(super) fn replace(state: &mut State, plan: Plan) -> Vec<Command> {
    if plan == state.models.plan {
        return Vec::new();
    }
    remember(state, StepKind::Single);
    restore(state, plan)
}

/// Puts a lineup in the place of the one in hand.
pub(super) fn restore(state: &mut State, plan: Plan) -> Vec<Command> {
    let models = &mut state.models;
    models.plan = plan;
    models.form = None;
    models.unfolded = None;
    models.note = None;
    judge(state)
}

/// Does what changes the lineup in hand.
pub(super) fn edit(state: &mut State, action: ModelsAction) -> Vec<Command> {
    let objectives = state.models.plan.objectives.len();
    match action {
        ModelsAction::EditName(name) => {
            remember(state, StepKind::Name);
            state.models.plan.name = name;
        }
        ModelsAction::SetBase(place) => return set_base(state, place),
        ModelsAction::SetBaseTemplate(template) => {
            remember(state, StepKind::BaseTemplate);
            if let Some(base) = &mut state.models.plan.base {
                base.template = template;
            }
            return judge(state);
        }
        ModelsAction::ToggleForm(kind) => {
            let open = state.models.form.as_ref().map(Form::kind) == Some(kind);
            state.models.form = (!open).then(|| kind.blank());
        }
        ModelsAction::EditForm(form) => state.models.form = Some(form),
        ModelsAction::AddFromForm => return add_from_form(state),
        ModelsAction::AddModel(place) => return add_model(state, place),
        ModelsAction::Rename(index, name) => {
            change(state, StepKind::Objective(index), index, |entry| {
                entry.name = name;
            });
        }
        ModelsAction::EditAbout(index, about) => {
            change(state, StepKind::About(index), index, |entry| {
                entry.about = about;
            });
        }
        ModelsAction::EditSentence(index, sentence) => {
            change(state, StepKind::Sentence(index), index, |entry| {
                if let Source::System(wish) = &mut entry.source {
                    *wish = sentence;
                }
            });
        }
        ModelsAction::SetColour(index, colour) => {
            change(state, StepKind::Single, index, |entry| {
                entry.colour = Some(colour);
            });
        }
        ModelsAction::SetWeight(index, weight) => {
            let weight = mended_weight(weight, LARGEST_TYPED_WEIGHT);
            change(state, StepKind::Weight(index), index, |entry| {
                entry.weight = weight;
            });
        }
        ModelsAction::SetTemplate(index, template) => {
            change(state, StepKind::Template(index), index, |entry| {
                entry.template = template;
            });
        }
        ModelsAction::Remove(index) if index < objectives => {
            remember(state, StepKind::Single);
            let entry = state.models.plan.objectives.remove(index);
            state.models.unfolded = None;
            state.models.note = Some(Note::of(format!(
                "{} is out of the lineup; undo brings it back",
                entry.name
            )));
        }
        ModelsAction::Unfold(index) if index < objectives => {
            let unfolded = state.models.unfolded == Some(index);
            state.models.unfolded = (!unfolded).then_some(index);
        }
        ModelsAction::EndEdit => state.models.steps.close_step(),
        ModelsAction::Remove(_)
        | ModelsAction::Unfold(_)
        | ModelsAction::Hub(_)
        | ModelsAction::ShowSide(_)
        | ModelsAction::LookAgain
        | ModelsAction::Search(_)
        | ModelsAction::EditPath(_)
        | ModelsAction::OpenTyped
        | ModelsAction::Open(_)
        | ModelsAction::Forget(_)
        | ModelsAction::Browse(_)
        | ModelsAction::ToggleFileRow { .. }
        | ModelsAction::EditFileRow(_)
        | ModelsAction::UseFileRow
        | ModelsAction::New
        | ModelsAction::PickReady(_)
        | ModelsAction::PickSaved(_)
        | ModelsAction::Undo
        | ModelsAction::Redo
        | ModelsAction::Load
        | ModelsAction::Save
        | ModelsAction::Delete(_)
        | ModelsAction::Undelete
        | ModelsAction::DismissNote
        | ModelsAction::Retry => {}
    }
    Vec::new()
}

fn change(state: &mut State, kind: StepKind, index: usize, change: impl FnOnce(&mut Entry)) {
    if index < state.models.plan.objectives.len() {
        remember(state, kind);
        change(&mut state.models.plan.objectives[index]);
    }
}

fn set_base(state: &mut State, place: Place) -> Vec<Command> {
    let plan = &state.models.plan;
    if plan.base.as_ref().is_some_and(|base| base.place == place) {
        return Vec::new();
    }
    remember(state, StepKind::Single);
    let plan = &mut state.models.plan;
    // What was set up for another model may not suit this one.
    plan.base = Some(Base {
        place,
        dtype: None,
        template: None,
    });
    plan.familiar = None;
    judge(state)
}

fn add_from_form(state: &mut State) -> Vec<Command> {
    let (name, source) = match state.models.form.clone() {
        Some(Form::Sentence { name, text }) if !text.trim().is_empty() => {
            (name, Source::System(text.trim().to_owned()))
        }
        Some(Form::Contrast {
            name,
            expert: Some(expert),
            amateur: Some(amateur),
        }) => (name, Source::Contrast { expert, amateur }),
        Some(Form::Sentence { .. } | Form::Model | Form::Contrast { .. }) | None => {
            return Vec::new();
        }
    };
    add(state, &name, String::new(), source)
}

fn add_model(state: &mut State, place: Place) -> Vec<Command> {
    let Some(model) = state.models.model(&place) else {
        return Vec::new();
    };
    let name = model.facts.name.clone();
    let source = if model.is_adapter() {
        Source::Adapter(place)
    } else {
        Source::Model(place)
    };
    // A repository's name says more than its owner's.
    let name = name.rsplit('/').next().unwrap_or(&name).to_owned();
    add(state, &name, String::new(), source)
}

fn add(state: &mut State, name: &str, about: String, source: Source) -> Vec<Command> {
    remember(state, StepKind::Single);
    let plan = &mut state.models.plan;
    let name = plan.free_name(name);
    plan.objectives.push(Entry {
        name: name.clone(),
        about,
        weight: 1.0,
        colour: None,
        template: None,
        source,
    });
    state.models.form = None;
    state.models.note = Some(Note::of(format!("{name} has joined the lineup")));
    judge(state)
}

/// Asks who could join the base, where that is not known or being found out.
pub(super) fn judge(state: &mut State) -> Vec<Command> {
    let subjects = state.models.subjects();
    let models = &mut state.models;
    let Some(base) = models.plan.base.clone() else {
        stop_judging(state);
        return Vec::new();
    };
    if let Some(judging) = &models.judging
        && judging.base == base
        && judging.subjects == subjects
    {
        return Vec::new();
    }
    stop_judging(state);
    if state.models.is_away(&base.place) {
        return Vec::new();
    }
    let models = &mut state.models;
    let serial = models.next_serial;
    models.next_serial += 1;
    let cancel = CancelToken::default();
    models.judging = Some(Judging {
        serial,
        base: base.clone(),
        subjects: subjects.clone(),
        cancel: cancel.clone(),
    });
    vec![Command::Shelf(ShelfCommand::Judge(JudgeRequest {
        serial,
        base,
        subjects,
        cancel,
    }))]
}

fn stop_judging(state: &mut State) {
    let models = &mut state.models;
    if let Some(before) = models.judging.take() {
        before.cancel.cancel();
    }
    models.fits.clear();
    models.base_problem = None;
}
