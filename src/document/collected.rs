//! What the readers collect: the items of all open lists on one stack, and the entries of all open maps on another.
//!
//! Owns how a list gets what belongs to it when it ends. Must not know any format.

/// From how many on a stack's memory is worth a thought.
const MANY: usize = 4096;

/// Puts something on a stack. A large one grows by a quarter, not by as much again, which might never be needed.
#[inline]
pub(super) fn push<T>(stack: &mut Vec<T>, item: T) {
    if stack.len() == stack.capacity() && stack.len() >= MANY {
        grow(stack);
    }
    stack.push(item);
}

#[cold]
#[inline(never)]
fn grow<T>(stack: &mut Vec<T>) {
    stack.reserve_exact(stack.len() / 4);
}

/// Takes what lies above `outer` off a stack, in a list of exactly its size. Where that is nearly all and a lot, the list
/// is the stack's own memory: a text of nothing but short values is a small part of what they take, which would be there
/// twice.
#[inline]
pub(super) fn take_above<T>(stack: &mut Vec<T>, outer: usize) -> Box<[T]> {
    let above = stack.len() - outer;
    if above >= MANY && above >= outer { keep_above(stack, outer) } else { stack.split_off(outer).into() }
}

#[cold]
#[inline(never)]
fn keep_above<T>(stack: &mut Vec<T>, outer: usize) -> Box<[T]> {
    let below = stack.drain(..outer).collect();
    std::mem::replace(stack, below).into_boxed_slice()
}

#[cfg(test)]
mod tests {
    use super::{MANY, push, take_above};

    #[test]
    fn what_is_below_stays_and_what_is_above_is_taken_in_order() {
        for (below, above) in [(0, 0), (0, 3), (3, 0), (2, MANY), (MANY, MANY), (MANY + 1, MANY), (MANY, 2)] {
            let mut stack = Vec::new();
            (0..below + above).for_each(|item| push(&mut stack, item));
            assert!(stack.capacity() <= MANY.max(stack.len() + stack.len() / 4 + 4));
            let taken = take_above(&mut stack, below);
            assert!(stack.iter().copied().eq(0..below), "{below} below {above}");
            assert!(taken.iter().copied().eq(below..below + above), "{above} above {below}");
        }
    }
}
