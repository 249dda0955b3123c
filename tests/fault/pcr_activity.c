/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
/*
 * pcr: extends PCRs of the SHA-256 bank and reads them.
 */
#include <string.h>

#include "activity.h"
#include "raw_tpm.h"

/* Those that can be extended at locality 0 (TCG PC Client Platform TPM Profile);
   clients share them out among themselves.  */
#define PCR_COUNT 16

struct pcrs
{
  unsigned int first;
  unsigned int step;
  bool alone; /* nobody else counts the update counter up */
  struct model_number updates;
  struct model_chain chains[PCR_COUNT];
};

static int
begin (struct client *client, const struct activity *self, void **state, struct vtpm_error **error)
{
  _cleanup_free_ struct pcrs *pcrs = calloc (1, sizeof (*pcrs));

  if (pcrs == NULL)
    return vtpm_error_set (error, ENOMEM, "%s", self->name);
  pcrs->first = client->options->number;
  pcrs->step = client->options->clients;
  pcrs->alone = pcrs->step == 1;
  for (unsigned int pcr = pcrs->first; pcr < PCR_COUNT; pcr += pcrs->step)
    {
      uint8_t value[MODEL_DIGEST_SIZE];
      uint32_t updates;
      char label[16];

      if (raw_pcr_read (client->transport, pcr, value, &updates, error) < 0)
        return -1;
      snprintf (label, sizeof (label), "PCR %u", pcr);
      model_chain_init (&pcrs->chains[pcr], label, value);
      pcrs->updates.acknowledged = updates;
    }
  *state = vtpm_steal_pointer (&pcrs);
  return 0;
}

static int
check (struct client *client, struct pcrs *pcrs, unsigned int pcr, struct vtpm_error **error)
{
  uint8_t value[MODEL_DIGEST_SIZE];
  uint32_t updates;

  if (raw_pcr_read (client->transport, pcr, value, &updates, error) < 0)
    return -1;
  client_judge (client, pcrs->chains[pcr].label, model_chain_judge (&pcrs->chains[pcr], value));
  if (pcrs->alone)
    client_judge (client, "PCR update counter", model_number_judge (&pcrs->updates, updates));
  return 0;
}

static unsigned int
choose (struct client *client, const struct pcrs *pcrs)
{
  unsigned int count = (PCR_COUNT - pcrs->first + pcrs->step - 1) / pcrs->step;

  return pcrs->first + (unsigned int) dice_roll (&client->dice, count) * pcrs->step;
}

static int
step (struct client *client, void *state, struct vtpm_error **error)
{
  struct pcrs *pcrs = state;
  unsigned int pcr = choose (client, pcrs);
  uint8_t digest[MODEL_DIGEST_SIZE];

  if (dice_roll (&client->dice, 4) == 0)
    return check (client, pcrs, pcr, error);
  model_chain_begin (&pcrs->chains[pcr], digest);
  model_number_begin (&pcrs->updates);
  if (raw_pcr_extend (client->transport, pcr, digest, error) < 0)
    return -1;
  model_chain_acknowledge (&pcrs->chains[pcr]);
  model_number_acknowledge (&pcrs->updates);
  return 0;
}

static int
verify (struct client *client, void *state, struct vtpm_error **error)
{
  struct pcrs *pcrs = state;

  for (unsigned int pcr = pcrs->first; pcr < PCR_COUNT; pcr += pcrs->step)
    if (check (client, pcrs, pcr, error) < 0)
      return -1;
  return 0;
}

const struct activity pcr_activity = {
  .name = "pcr",
  .weight = 30,
  .begin = begin,
  .step = step,
  .verify = verify,
};
