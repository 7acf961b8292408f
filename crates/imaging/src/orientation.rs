//! Orientation letters (PS3.3 C.7.6.1.1.1): L and R, P and A, H and F.

use glam::DVec3;

/// The letters of a direction in patient space, largest component first; components of 0.0001 or less are left out.
pub fn letters(direction: DVec3) -> String {
    let mut parts = [
        (direction.x, 'L', 'R'),
        (direction.y, 'P', 'A'),
        (direction.z, 'H', 'F'),
    ];
    parts.sort_by(|a, b| b.0.abs().total_cmp(&a.0.abs()));
    parts
        .iter()
        .filter(|(component, ..)| component.abs() > 0.0001)
        .map(|(component, positive, negative)| if *component > 0.0 { *positive } else { *negative })
        .collect()
}

/// Letters at [left, right, top, bottom] of a picture whose rows run along `row_direction` and whose columns run
/// down along `column_direction`.
pub fn edges(row_direction: DVec3, column_direction: DVec3) -> [String; 4] {
    [
        letters(-row_direction),
        letters(row_direction),
        letters(-column_direction),
        letters(column_direction),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axial_shows_the_patients_right_on_the_left() {
        assert_eq!(edges(DVec3::X, DVec3::Y), ["R", "L", "A", "P"].map(String::from));
    }

    #[test]
    fn coronal_shows_the_head_on_top() {
        assert_eq!(
            edges(DVec3::X, DVec3::NEG_Z),
            ["R", "L", "H", "F"].map(String::from)
        );
    }

    #[test]
    fn oblique_directions_name_the_larger_part_first() {
        assert_eq!(letters(DVec3::new(0.8, -0.6, 0.0)), "LA");
    }
}
