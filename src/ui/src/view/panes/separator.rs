//! A bar between two panes. Serves the panes; invariant: what the pointer can do, arrow keys can.

use super::COLUMN;
use crate::{
    dom,
    state::{action::Action, layout::Separator},
    text,
    view::kit::{on_some, use_act},
};
use web_sys::Element;
use yew::prelude::*;

/// A step of an arrow key, in percent.
const STEP: u32 = 2;

/// A bar's properties.
#[derive(Properties, PartialEq)]
pub struct SeparatorBarProps {
    /// Which.
    pub separator: Separator,
    /// The size of its pane, in percent.
    pub percent: u32,
}

/// A bar between two panes.
#[component]
pub fn SeparatorBar(props: &SeparatorBarProps) -> Html {
    let act = use_act();
    let (separator, percent) = (props.separator, props.percent);
    let (least, most) = separator.bounds();
    let onpointerdown = Callback::from(|event: PointerEvent| {
        if let Some(bar) = event.target_dyn_into::<Element>() {
            drop(bar.set_pointer_capture(event.pointer_id()));
        }
    });
    let onpointermove = on_some(&act, move |event: PointerEvent| {
        let bar = event.target_dyn_into::<Element>()?;
        let dragging = bar.has_pointer_capture(event.pointer_id());
        dragging.then(|| Some(Action::Resize(separator, measured(separator, &event)?)))?
    });
    let onpointerup = act.reform(|_: PointerEvent| Action::Resized);
    let onkeydown = {
        let act = act.clone();
        Callback::from(move |event: KeyboardEvent| {
            // The terminals stand below their bar: they grow upwards.
            let sized = match (event.key().as_str(), separator) {
                ("ArrowLeft", Separator::Lesson) | ("ArrowDown", Separator::Terminals) => percent.saturating_sub(STEP),
                ("ArrowRight", Separator::Lesson) | ("ArrowUp", Separator::Terminals) => percent + STEP,
                ("Home", _) => least,
                ("End", _) => most,
                _ => return,
            };
            event.prevent_default();
            act.emit(Action::Resize(separator, sized));
            act.emit(Action::Resized);
        })
    };
    let (label, orientation, class) = match separator {
        Separator::Lesson => (text::RESIZE_LESSON, "vertical", "separator-lesson"),
        Separator::Terminals => (text::RESIZE_TERMINALS, "horizontal", "separator-terminals"),
    };
    html! {
        <div class={classes!("separator", class)} role="separator" tabindex="0" aria-label={label}
            aria-orientation={orientation} aria-valuenow={percent.to_string()} aria-valuemin={least.to_string()}
            aria-valuemax={most.to_string()} {onpointerdown} {onpointermove} {onpointerup} {onkeydown}></div>
    }
}

/// The percent that the pointer shows.
fn measured(separator: Separator, event: &PointerEvent) -> Option<u32> {
    let area = dom::element(COLUMN)?.get_bounding_client_rect();
    let share = match separator {
        Separator::Lesson => (f64::from(event.client_x()) - area.left()) / area.width(),
        Separator::Terminals => (area.bottom() - f64::from(event.client_y())) / area.height(),
    };
    // A layout of the screen, not an outcome: rounding is free.
    Some((share * 100.0).round().clamp(0.0, 100.0) as u32)
}
