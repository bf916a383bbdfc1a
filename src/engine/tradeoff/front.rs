//! The points that no other beats, the volume under them, and how well scores follow what was asked for. More is better in
//! every coordinate.

/// Whether `a` is nowhere below `b` and somewhere above it.
fn dominates(a: &[f64], b: &[f64]) -> bool {
    let mut above = false;
    for (x, y) in a.iter().zip(b) {
        if x < y {
            return false;
        }
        above |= x > y;
    }
    above
}

/// Of each point, whether no other dominates it: the Pareto set. Points with a coordinate that is no finite number are not
/// in it and beat nobody; equal points are in it together.
#[must_use]
pub fn front(points: &[Vec<f64>]) -> Vec<bool> {
    let usable = |point: &[f64]| !point.is_empty() && point.iter().all(|x| x.is_finite());
    points
        .iter()
        .map(|point| {
            usable(point)
                && !points
                    .iter()
                    .any(|other| usable(other) && dominates(other, point))
        })
        .collect()
}

/// Volume of what the points dominate above `reference`: in two dimensions the area under their stairs. Points that are not
/// above the reference in every coordinate add nothing.
///
/// ```
/// use counterpoise::engine::tradeoff::hypervolume;
/// let points = [vec![3.0, 1.0], vec![2.0, 2.0], vec![1.0, 3.0], vec![1.0, 1.0]];
/// assert_eq!(hypervolume(&points, &[0.0, 0.0]), 6.0);
/// ```
#[must_use]
pub fn hypervolume(points: &[Vec<f64>], reference: &[f64]) -> f64 {
    if reference.is_empty() {
        return 0.0;
    }
    let above = points
        .iter()
        .filter(|point| point.len() == reference.len())
        .map(|point| point.iter().zip(reference).map(|(x, z)| x - z).collect())
        .filter(|sides: &Vec<f64>| sides.iter().all(|side| side.is_finite() && *side > 0.0))
        .collect();
    volume(&undominated(above))
}

/// The points that count, each once, by falling last coordinate.
fn undominated(mut points: Vec<Vec<f64>>) -> Vec<Vec<f64>> {
    let by_last = |a: &Vec<f64>, b: &Vec<f64>| {
        let pairs = b.iter().rev().zip(a.iter().rev());
        pairs
            .map(|(x, y)| x.total_cmp(y))
            .find(|order| order.is_ne())
            .unwrap_or(std::cmp::Ordering::Equal)
    };
    points.sort_by(by_last);
    points.dedup();
    let kept = front(&points);
    let mut kept = kept.into_iter();
    points.retain(|_| kept.next().unwrap_or(false));
    points
}

/// Volume of boxes from the origin to each point; none dominates another (While, Bradstreet and Barone 2012).
fn volume(points: &[Vec<f64>]) -> f64 {
    let Some(dimensions) = points.first().map(Vec::len) else {
        return 0.0;
    };
    match dimensions {
        0..=2 => return stairs(points),
        3 => return storeys(points),
        _ => {}
    }
    // What each point adds to those behind it: its own box less what they cover of it.
    let mut sum = 0.0;
    for (index, point) in points.iter().enumerate() {
        let shared = points[index + 1..]
            .iter()
            .map(|other| point.iter().zip(other).map(|(x, y)| x.min(*y)).collect())
            .collect();
        sum += point.iter().product::<f64>() - volume(&undominated(shared));
    }
    sum
}

/// The volume under points in three dimensions: floor by floor from the highest down, each the stairs of all that reach it.
fn storeys(points: &[Vec<f64>]) -> f64 {
    let mut floor: Vec<Vec<f64>> = Vec::with_capacity(points.len());
    let mut sum = 0.0;
    for (index, point) in points.iter().enumerate() {
        let [across, up, height] = point[..] else {
            continue;
        };
        let place = floor.partition_point(|other| other[1] > up);
        floor.insert(place, vec![across, up]);
        let below = points.get(index + 1).map_or(0.0, |next| next[2]);
        sum += (height - below) * stairs(&floor);
    }
    sum
}

/// The area under a falling row of points, or the length of a single one.
fn stairs(points: &[Vec<f64>]) -> f64 {
    let mut reached = 0.0;
    let mut sum = 0.0;
    for point in points {
        // By falling last coordinate the first one rises.
        let (across, up) = match point[..] {
            [across, up] => (across, up),
            [across] => (across, 1.0),
            _ => continue,
        };
        sum += (across - reached).max(0.0) * up;
        reached = across.max(reached);
    }
    sum
}

/// The mean of `weights · scores` over all settings: how far the texts follow the preference that was asked for. Nothing
/// where there is no setting.
#[must_use]
pub fn mean_inner_product(settings: &[(Vec<f64>, Vec<f64>)]) -> Option<f64> {
    let sum: f64 = settings
        .iter()
        .flat_map(|(weights, scores)| weights.iter().zip(scores).map(|(w, r)| w * r))
        .sum();
    (!settings.is_empty()).then(|| sum / settings.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn points(of: &[[f64; 2]]) -> Vec<Vec<f64>> {
        of.iter().map(|point| point.to_vec()).collect()
    }

    /// Inclusion and exclusion over all subsets: right in any dimension, slow.
    fn by_subsets(points: &[Vec<f64>], reference: &[f64]) -> f64 {
        (1u32..1 << points.len())
            .map(|subset| {
                let sides = (0..reference.len()).map(|axis| {
                    let members = (0..points.len()).filter(|i| subset >> i & 1 == 1);
                    let least = members
                        .map(|i| points[i][axis])
                        .fold(f64::INFINITY, f64::min);
                    (least - reference[axis]).max(0.0)
                });
                let sign = if subset.count_ones() % 2 == 1 {
                    1.0
                } else {
                    -1.0
                };
                sign * sides.product::<f64>()
            })
            .sum()
    }

    #[test]
    fn section_5_4_by_hand() {
        let all = points(&[[3.0, 1.0], [2.0, 2.0], [1.0, 3.0], [1.0, 1.0]]);
        assert_eq!(front(&all), [true, true, true, false]);
        assert!((hypervolume(&all, &[0.0, 0.0]) - 6.0).abs() < 1e-12);
        let settings = [
            (vec![0.0, 1.0], vec![0.0, 2.0]),
            (vec![0.5, 0.5], vec![1.0, 1.5]),
            (vec![1.0, 0.0], vec![2.0, 0.0]),
        ];
        assert!((mean_inner_product(&settings).unwrap() - 1.75).abs() < 1e-12);
        assert!(mean_inner_product(&[]).is_none());
    }

    #[test]
    fn the_area_is_that_of_the_stairs() {
        let all = points(&[[0.5, 0.5], [0.9, 0.2], [0.4, 0.4], [0.1, 0.8]]);
        // 0.1 × 0.8 + 0.4 × 0.5 + 0.4 × 0.2
        assert!((hypervolume(&all, &[0.0, 0.0]) - 0.36).abs() < 1e-12);
        assert!((hypervolume(&points(&[[1.0, 1.0]]), &[0.0, 0.0]) - 1.0).abs() < 1e-12);
        assert!(hypervolume(&[], &[0.0, 0.0]).abs() < 1e-12);
        // Measured from elsewhere: only (0.5, 0.5) is above (0.4, 0.3) in both.
        assert!((hypervolume(&all, &[0.4, 0.3]) - 0.02).abs() < 1e-12);
        assert!((hypervolume(&[vec![3.0], vec![5.0]], &[1.0]) - 4.0).abs() < 1e-12);
    }

    #[test]
    fn a_volume_by_hand() {
        // Boxes of 6 and 6 that share 1 × 2 × 1 = 2.
        let both = [vec![1.0, 2.0, 3.0], vec![3.0, 2.0, 1.0]];
        assert!((hypervolume(&both, &[0.0; 3]) - 10.0).abs() < 1e-12);
    }

    #[test]
    fn what_is_no_number_is_left_out() {
        let all = points(&[[f64::NAN, 9.0], [1.0, 1.0], [f64::INFINITY, 2.0]]);
        assert_eq!(front(&all), [false, true, false]);
        assert!((hypervolume(&all, &[0.0, 0.0]) - 1.0).abs() < 1e-12);
        assert_eq!(front(&points(&[[1.0, 1.0], [1.0, 1.0]])), [true, true]);
    }

    fn any_points() -> impl Strategy<Value = (Vec<Vec<f64>>, Vec<f64>)> {
        (1usize..5).prop_flat_map(|dimensions| {
            let point = || proptest::collection::vec(-2.0f64..3.0, dimensions);
            (proptest::collection::vec(point(), 0..7), point())
        })
    }

    proptest! {
        #[test]
        fn volumes_are_those_of_inclusion_and_exclusion((points, reference) in any_points()) {
            let volume = hypervolume(&points, &reference);
            prop_assert!((volume - by_subsets(&points, &reference)).abs() < 1e-9);
        }

        #[test]
        fn only_the_front_counts((points, reference) in any_points()) {
            let kept = front(&points);
            let best: Vec<_> = points.iter().zip(&kept).filter(|(_, k)| **k).map(|(p, _)| p.clone()).collect();
            prop_assert!((hypervolume(&points, &reference) - hypervolume(&best, &reference)).abs() < 1e-9);
            // Whatever is not in it is beaten by something that is.
            for (point, kept) in points.iter().zip(kept) {
                prop_assert_eq!(!kept, best.iter().any(|other| dominates(other, point)));
            }
        }

        #[test]
        fn a_further_point_never_takes_away((mut points, reference) in any_points()) {
            let all = hypervolume(&points, &reference);
            if points.pop().is_some() {
                prop_assert!(hypervolume(&points, &reference) <= all + 1e-9);
            }
        }
    }
}
