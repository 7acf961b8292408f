//! Which cases are of which patient: what is drawn together is drawn by patient.

/// Cases by patient; both are counted from 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Patients {
    of_case: Vec<u32>,
    starts: Vec<usize>,
    cases: Vec<u32>,
}

impl Patients {
    /// Every case a patient of its own.
    pub fn each_its_own(cases: usize) -> Self {
        Self::from_places((0..cases as u32).collect(), cases)
    }

    /// Cases grouped by equal identifiers. Patients are in the identifiers' order, so the same patients are drawn however
    /// the cases stand.
    pub fn group<K: Ord>(identifiers: &[K]) -> Self {
        let mut order: Vec<usize> = (0..identifiers.len()).collect();
        order.sort_by(|a, b| identifiers[*a].cmp(&identifiers[*b]));
        let mut of_case = vec![0; identifiers.len()];
        let (mut count, mut before) = (0, None);
        for case in order {
            if before.is_none_or(|b: usize| identifiers[b] != identifiers[case]) {
                count += 1;
            }
            of_case[case] = count as u32 - 1;
            before = Some(case);
        }
        Self::from_places(of_case, count)
    }

    fn from_places(of_case: Vec<u32>, count: usize) -> Self {
        let mut starts = vec![0; count + 1];
        for patient in &of_case {
            starts[*patient as usize + 1] += 1;
        }
        for i in 0..count {
            starts[i + 1] += starts[i];
        }
        let (mut next, mut cases) = (starts.clone(), vec![0; of_case.len()]);
        for (case, patient) in of_case.iter().enumerate() {
            cases[next[*patient as usize]] = case as u32;
            next[*patient as usize] += 1;
        }
        Self {
            of_case,
            starts,
            cases,
        }
    }

    /// Patients.
    pub fn count(&self) -> usize {
        self.starts.len().saturating_sub(1)
    }

    /// Cases.
    pub fn cases(&self) -> usize {
        self.of_case.len()
    }

    /// The patient of a case.
    pub fn of(&self, case: usize) -> Option<usize> {
        self.of_case.get(case).map(|p| *p as usize)
    }

    /// The cases of a patient, rising.
    pub fn cases_of(&self, patient: usize) -> &[u32] {
        match (self.starts.get(patient), self.starts.get(patient + 1)) {
            (Some(from), Some(to)) => &self.cases[*from..*to],
            _ => &[],
        }
    }

    /// Whether no patient has two cases.
    pub fn single(&self) -> bool {
        self.count() == self.cases()
    }

    /// How many patients some cases come from.
    pub fn among(&self, cases: &[u32]) -> usize {
        let mut seen = vec![false; self.count()];
        for patient in cases.iter().filter_map(|case| self.of(*case as usize)) {
            seen[patient] = true;
        }
        seen.into_iter().filter(|s| *s).count()
    }

    /// The patient of every case, in case order.
    pub(super) fn places(&self) -> &[u32] {
        &self.of_case
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_in_the_order_of_names() {
        let p = Patients::group(&["b", "a", "b", "c", "a"]);
        assert_eq!((p.count(), p.cases(), p.single()), (3, 5, false));
        assert_eq!(p.cases_of(0), [1, 4]);
        assert_eq!(p.cases_of(1), [0, 2]);
        assert_eq!((p.of(3), p.of(9), p.cases_of(7)), (Some(2), None, &[][..]));
        assert_eq!(p.among(&[0, 2, 3]), 2);
        assert_eq!(Patients::each_its_own(2), Patients::group(&[1, 2]));
        assert_eq!(Patients::group::<u8>(&[]).count(), 0);
    }
}
