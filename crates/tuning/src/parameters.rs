//! Named numbers that a model is made of, which of them are learned, and their gradients.

use overread_kernels::dense::Real;

/// Where a parameter stands in its list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Id(usize);

/// A tensor of a model.
#[derive(Clone, Debug)]
pub struct Parameter<T> {
    /// Internal name, as in `text.layers.0.mlp.up_proj.weight`.
    pub name: String,
    /// Shape; a matrix is `[out, in]`.
    pub shape: Vec<usize>,
    /// Values, row by row.
    pub values: Vec<T>,
    /// Changed by the optimiser.
    pub learned: bool,
    /// Weight decay applies: matrices, not biases, norms and positions.
    pub decays: bool,
}

/// All plain tensors of a model. Frozen matrices lie apart, packed.
#[derive(Clone, Debug, Default)]
pub struct Parameters<T> {
    list: Vec<Parameter<T>>,
}

impl<T: Real> Parameters<T> {
    /// Adds a tensor.
    ///
    /// # Panics
    /// When there are not as many values as the shape says.
    pub fn add(&mut self, name: &str, shape: &[usize], values: Vec<T>, learned: bool) -> Id {
        assert_eq!(values.len(), shape.iter().product::<usize>(), "{name}");
        self.list.push(Parameter {
            name: name.to_owned(),
            shape: shape.to_vec(),
            values,
            learned,
            decays: shape.len() > 1 && !name.ends_with("position_embedding.weight"),
        });
        Id(self.list.len() - 1)
    }

    /// The tensor.
    pub fn get(&self, id: Id) -> &Parameter<T> {
        &self.list[id.0]
    }

    /// Its values.
    pub fn values(&self, id: Id) -> &[T] {
        &self.list[id.0].values
    }

    /// Its values, to be changed.
    pub fn values_mut(&mut self, id: Id) -> &mut [T] {
        &mut self.list[id.0].values
    }

    /// True when the optimiser changes it.
    pub fn is_learned(&self, id: Id) -> bool {
        self.list[id.0].learned
    }

    /// In order.
    pub fn iter(&self) -> impl Iterator<Item = (Id, &Parameter<T>)> {
        self.list.iter().enumerate().map(|(i, p)| (Id(i), p))
    }

    /// In order, to be changed.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (Id, &mut Parameter<T>)> {
        self.list.iter_mut().enumerate().map(|(i, p)| (Id(i), p))
    }

    /// By name.
    pub fn find(&self, name: &str) -> Option<Id> {
        self.list.iter().position(|p| p.name == name).map(Id)
    }

    /// Numbers that are learned.
    pub fn learned(&self) -> usize {
        self.list
            .iter()
            .filter(|p| p.learned)
            .map(|p| p.values.len())
            .sum()
    }

    /// Zeros, one for each number that is learned.
    pub fn gradients(&self) -> Gradients<T> {
        Gradients {
            list: self
                .list
                .iter()
                .map(|p| p.learned.then(|| vec![T::ZERO; p.values.len()]))
                .collect(),
        }
    }
}

/// What each learned number does to the loss, summed.
#[derive(Clone, Debug)]
pub struct Gradients<T> {
    list: Vec<Option<Vec<T>>>,
}

impl<T: Real> Gradients<T> {
    /// Of a tensor that is learned.
    pub fn get(&self, id: Id) -> Option<&[T]> {
        self.list[id.0].as_deref()
    }

    /// The same, to be added to.
    pub fn get_mut(&mut self, id: Id) -> Option<&mut [T]> {
        self.list[id.0].as_deref_mut()
    }

    /// Adds those of another part of the batch.
    pub fn add(&mut self, other: &Self) {
        for (into, from) in self.list.iter_mut().zip(&other.list) {
            if let (Some(into), Some(from)) = (into, from) {
                into.iter_mut().zip(from).for_each(|(a, b)| *a += *b);
            }
        }
    }

    /// Multiplies all.
    pub fn scale(&mut self, by: T) {
        for values in self.list.iter_mut().flatten() {
            values.iter_mut().for_each(|v| *v *= by);
        }
    }

    /// Euclidean norm over all, in double.
    pub fn norm(&self) -> f64 {
        let square = |values: &Vec<T>| values.iter().map(|v| v.double().powi(2)).sum::<f64>();
        self.list.iter().flatten().map(square).sum::<f64>().sqrt()
    }
}
