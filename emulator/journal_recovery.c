/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "journal_recovery.h"

static bool
contradict (const struct vtpm_journal_marks *marks, uint64_t last)
{
  return marks->taken > marks->reading || marks->reading - marks->taken > 1
         || marks->sent > marks->taken || marks->taken - marks->sent > 1 || last > marks->taken
         || (last != 0 && marks->record[0] == marks->record[1]);
}

int
vtpm_journal_recover (const struct vtpm_journal_marks *marks,
                      struct vtpm_journal_recovery *recovery, struct vtpm_error **error)
{
  int slot = vtpm_journal_last_slot (marks);
  uint64_t last = slot < 0 ? 0 : marks->record[slot];

  if (contradict (marks, last))
    return vtpm_error_set_plain (error, EBADMSG,
                                 "the journal contradicts itself: reading %ju, taken %ju, sent "
                                 "%ju, records %ju and %ju",
                                 (uintmax_t) marks->reading, (uintmax_t) marks->taken,
                                 (uintmax_t) marks->sent, (uintmax_t) marks->record[0],
                                 (uintmax_t) marks->record[1]);
  *recovery = (struct vtpm_journal_recovery) {
    .slot = slot,
    .number = marks->taken,
    .pending = VTPM_PENDING_NOTHING,
  };
  if (marks->reading > marks->taken && marks->delivered)
    {
      recovery->number = marks->reading;
      recovery->pending = VTPM_PENDING_EXECUTE;
    }
  else if (marks->taken > marks->sent)
    recovery->pending = last == marks->taken ? VTPM_PENDING_SEND : VTPM_PENDING_EXECUTE;
  return 0;
}
