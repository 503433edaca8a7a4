//! What every answer must be, whatever the event.
