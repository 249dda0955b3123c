/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
/*
 * random: GetRandom.  A TPM that goes on from an older state of its generator
 * gives the same bytes twice, and with them its keys away.
 */
#include <stdlib.h>
#include <string.h>

#include "activity.h"
#include "raw_tpm.h"

struct draws
{
  size_t count;
  size_t room;
  uint8_t (*values)[RAW_RANDOM_SIZE];
};

static int
begin (struct client *client, const struct activity *self, void **state, struct vtpm_error **error)
{
  (void) client;
  *state = calloc (1, sizeof (struct draws));
  return *state != NULL ? 0 : vtpm_error_set (error, ENOMEM, "%s", self->name);
}

static int
make_room (struct draws *draws, struct vtpm_error **error)
{
  size_t room = draws->room * 2 + 64;
  void *values;

  if (draws->count < draws->room)
    return 0;
  values = realloc (draws->values, room * sizeof (*draws->values));
  if (values == NULL)
    return vtpm_error_set (error, ENOMEM, "random");
  draws->values = values;
  draws->room = room;
  return 0;
}

static int
step (struct client *client, void *state, struct vtpm_error **error)
{
  struct draws *draws = state;

  if (make_room (draws, error) < 0
      || raw_get_random (client->transport, draws->values[draws->count], error) < 0)
    return -1;
  draws->count++;
  return 0;
}

static int
compare (const void *one, const void *other)
{
  return memcmp (one, other, RAW_RANDOM_SIZE);
}

static int
verify (struct client *client, void *state, struct vtpm_error **error)
{
  struct draws *draws = state;

  (void) error;
  if (draws->count == 0)
    return 0;
  qsort (draws->values, draws->count, sizeof (*draws->values), compare);
  for (size_t i = 1; i < draws->count; i++)
    if (compare (draws->values[i - 1], draws->values[i]) == 0)
      client_mismatch (client, "random: the same %d bytes twice", RAW_RANDOM_SIZE);
  return 0;
}

static int
end (struct client *client, void *state, struct vtpm_error **error)
{
  struct draws *draws = state;

  (void) client;
  (void) error;
  free (draws->values);
  free (draws);
  return 0;
}

const struct activity random_activity = {
  .name = "random",
  .weight = 10,
  .begin = begin,
  .step = step,
  .verify = verify,
  .end = end,
};
