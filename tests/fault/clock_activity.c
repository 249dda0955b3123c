/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
/*
 * clock: the TPM's clock never goes back, and its counters of resets and
 * restarts never move: nobody restarted it.
 */
#include <inttypes.h>

#include "activity.h"
#include "raw_tpm.h"

static int
begin (struct client *client, const struct activity *self, void **state, struct vtpm_error **error)
{
  _cleanup_free_ struct raw_clock *clock = calloc (1, sizeof (*clock));

  if (clock == NULL)
    return vtpm_error_set (error, ENOMEM, "%s", self->name);
  if (raw_read_clock (client->transport, clock, error) < 0)
    return -1;
  *state = vtpm_steal_pointer (&clock);
  return 0;
}

static int
step (struct client *client, void *state, struct vtpm_error **error)
{
  struct raw_clock *last = state;
  struct raw_clock now;

  if (raw_read_clock (client->transport, &now, error) < 0)
    return -1;
  if (now.clock < last->clock)
    client_mismatch (client, "clock: went back from %" PRIu64 " to %" PRIu64, last->clock,
                     now.clock);
  if (now.time < last->time)
    client_mismatch (client, "clock: time went back from %" PRIu64 " to %" PRIu64, last->time,
                     now.time);
  if (now.reset_count != last->reset_count || now.restart_count != last->restart_count)
    client_mismatch (client, "clock: the TPM was restarted");
  *last = now;
  return 0;
}

const struct activity clock_activity = {
  .name = "clock",
  .weight = 5,
  .begin = begin,
  .step = step,
  .verify = step,
};
