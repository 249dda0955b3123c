/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "journaled_tpm.h"

#include <string.h>

#include "engine_ek.h"
#include "engine_pcr_banks.h"
#include "fault_points.h"
#include "journal_recovery.h"
#include "log.h"

struct vtpm_journaled_tpm
{
  struct vtpm_journaled_tpm_settings settings;
  struct vtpm_journal *journal;
  struct vtpm_engine *engine;
  uint64_t number;          /* of the command that is being, or was last, executed */
  uint64_t durable_version; /* of the permanent state that is known to be committed */
  enum vtpm_journal_pending pending;

  /* What libtpms gets: it decrypts parameters in place, and the journal's command
     must stay as it came.  */
  uint8_t command[VTPM_JOURNAL_COMMAND_SIZE];
};

static void
respond (const uint8_t *data, size_t size, struct vtpm_response *response)
{
  response->data = data;
  response->size = size;
}

void
vtpm_response_succeed (enum vtpm_tpm_version version, struct vtpm_response *response)
{
  vtpm_tpm_success_response (version, response->own);
  respond (response->own, sizeof (response->own), response);
}

void
vtpm_response_refuse (enum vtpm_tpm_version version, enum vtpm_tpm_refusal refusal,
                      struct vtpm_response *response)
{
  vtpm_tpm_refusal_response (version, refusal, response->own);
  respond (response->own, sizeof (response->own), response);
}

static void
refuse (const struct vtpm_journaled_tpm *tpm, enum vtpm_tpm_refusal refusal,
        struct vtpm_response *response)
{
  vtpm_response_refuse (tpm->settings.version, refusal, response);
}

static int
commit (struct vtpm_journaled_tpm *tpm, uint64_t version, bool *durable,
        struct vtpm_error **error)
{
  const struct vtpm_committer *committer = tpm->settings.committer;

  *durable = true;
  if (committer == NULL || version == tpm->durable_version)
    return 0;
  if (committer->commit (committer->context, version, durable, error) < 0)
    return -1;
  vtpm_fault_meet (VTPM_FAULT_COMMITTED);
  if (*durable)
    tpm->durable_version = version;
  return 0;
}

/* Publishes what the command has made of the TPM, and commits it.  */
static int
record (struct vtpm_journaled_tpm *tpm, const struct vtpm_response *response, bool *durable,
        struct vtpm_error **error)
{
  struct vtpm_engine_state state;
  struct vtpm_journal_record made;

  if (vtpm_engine_take_state (tpm->engine, &state, error) < 0)
    return -1;
  made = (struct vtpm_journal_record) {
    .response = response->data,
    .response_size = response->size,
    .volatile_state = state.volatile_state,
    .volatile_size = state.volatile_size,
    .saved = state.saved,
    .saved_size = state.saved_size,
    .permanent = state.permanent,
    .permanent_size = state.permanent_size,
  };
  if (vtpm_journal_publish (tpm->journal, tpm->number, &made, error) < 0)
    return -1;
  vtpm_fault_meet (VTPM_FAULT_PUBLISHED);
  return commit (tpm, made.permanent_version, durable, error);
}

static int
get_last_state (const struct vtpm_journaled_tpm *tpm, struct vtpm_engine_state *state,
                struct vtpm_journal_record *last, struct vtpm_error **error)
{
  struct vtpm_journal_marks marks;
  int slot;

  vtpm_journal_get_marks (tpm->journal, &marks);
  slot = vtpm_journal_last_slot (&marks);
  if (slot < 0)
    return vtpm_error_set_plain (error, EBADMSG, "the journal has no record");
  if (vtpm_journal_get_record (tpm->journal, slot, last, error) < 0)
    return -1;
  *state = (struct vtpm_engine_state) {
    .permanent = last->permanent,
    .permanent_size = last->permanent_size,
    .volatile_state = last->volatile_state,
    .volatile_size = last->volatile_size,
    .saved = last->saved,
    .saved_size = last->saved_size,
  };
  return 0;
}

/* Undoes a command that could not be committed.  It has not happened: should we
   die before it is answered, it is executed once more.  */
static int
take_back (struct vtpm_journaled_tpm *tpm, struct vtpm_response *response,
           struct vtpm_error **error)
{
  struct vtpm_engine_state state;
  struct vtpm_journal_record last;

  vtpm_journal_discard (tpm->journal, tpm->number);
  if (get_last_state (tpm, &state, &last, error) < 0
      || vtpm_engine_revert (tpm->engine, &state, error) < 0)
    return -1;
  vtpm_engine_set_locality (tpm->engine, vtpm_journal_get_locality (tpm->journal));
  refuse (tpm, VTPM_TPM_REFUSE_NV, response);
  return 0;
}

/* A command of our own: the TPM's start or shutdown.  */
static int
execute_own (struct vtpm_journaled_tpm *tpm,
             int (*execute) (struct vtpm_journaled_tpm *tpm, struct vtpm_error **error),
             struct vtpm_error **error)
{
  const struct vtpm_response nobody_waits = { 0 };
  bool durable;

  vtpm_journal_take_own (tpm->journal, ++tpm->number);
  if (execute (tpm, error) < 0 || record (tpm, &nobody_waits, &durable, error) < 0)
    return -1;
  if (!durable)
    return vtpm_error_set_plain (error, EIO, "the TPM's state could not be written");
  vtpm_journal_mark_sent (tpm->journal, tpm->number);
  return 0;
}

static int
start (struct vtpm_journaled_tpm *tpm, struct vtpm_error **error)
{
  unsigned int banks = tpm->settings.pcr_banks;

  if (vtpm_engine_start (tpm->engine, error) < 0)
    return -1;
  if (banks != 0 && vtpm_engine_expect_pcr_banks (tpm->engine, banks, error) < 0)
    return -1;
  return vtpm_engine_expect_eks (tpm->engine, tpm->settings.version, tpm->settings.eks,
                                 tpm->settings.ek_listener, error);
}

static int
power_on (struct vtpm_journaled_tpm *tpm, struct vtpm_error **error)
{
  struct vtpm_engine_state state = { 0 };

  state.permanent = vtpm_journal_get_seed (tpm->journal, &state.permanent_size);
  if (vtpm_engine_new (tpm->settings.version, &state, &tpm->engine, error) < 0)
    return -1;
  return execute_own (tpm, start, error);
}

static int
go_on (struct vtpm_journaled_tpm *tpm, struct vtpm_error **error)
{
  struct vtpm_engine_state state;
  struct vtpm_journal_record last;

  if (get_last_state (tpm, &state, &last, error) < 0
      || vtpm_engine_new (tpm->settings.version, &state, &tpm->engine, error) < 0)
    return -1;
  /* The last emulator may have died while it was being committed; the supervisor
     knows.  */
  tpm->durable_version = UINT64_MAX;
  vtpm_engine_set_locality (tpm->engine, vtpm_journal_get_locality (tpm->journal));
  return 0;
}

int
vtpm_journaled_tpm_open (const struct vtpm_journaled_tpm_settings *settings,
                         struct vtpm_journaled_tpm **tpm, struct vtpm_error **error)
{
  _cleanup_journaled_tpm_ struct vtpm_journaled_tpm *made = calloc (1, sizeof (*made));
  struct vtpm_journal_marks marks;
  struct vtpm_journal_recovery recovery;

  if (made == NULL)
    return vtpm_error_set (error, ENOMEM, "cannot make a TPM");
  made->settings = *settings;
  made->journal = settings->journal;
  vtpm_journal_get_marks (made->journal, &marks);
  if (vtpm_journal_recover (&marks, &recovery, error) < 0)
    return -1;
  made->number = recovery.number;
  made->pending = recovery.pending;
  if ((recovery.slot < 0 ? power_on (made, error) : go_on (made, error)) < 0)
    return -1;
  *tpm = vtpm_steal_pointer (&made);
  return 0;
}

void
vtpm_journaled_tpm_close (struct vtpm_journaled_tpm *tpm)
{
  if (tpm == NULL)
    return;
  vtpm_engine_free (tpm->engine);
  explicit_bzero (tpm->command, sizeof (tpm->command));
  free (tpm);
}

uint8_t *
vtpm_journaled_tpm_begin_read (struct vtpm_journaled_tpm *tpm)
{
  uint8_t *buffer = vtpm_journal_begin_read (tpm->journal, tpm->number + 1);

  vtpm_fault_meet (VTPM_FAULT_READ_ANNOUNCED);
  return buffer;
}

bool
vtpm_journaled_tpm_take (struct vtpm_journaled_tpm *tpm, size_t size)
{
  size_t unknown;
  const uint8_t *command = vtpm_journal_get_command (tpm->journal, &unknown);
  bool watched;

  vtpm_fault_meet (VTPM_FAULT_READ);
  tpm->number++;
  watched = vtpm_journal_take (tpm->journal, tpm->number, size,
                               vtpm_tpm_allowance (tpm->settings.version, command, size));
  vtpm_fault_meet (VTPM_FAULT_TAKEN);
  return watched;
}

static void
execute_set_locality (struct vtpm_journaled_tpm *tpm, uint8_t locality,
                      struct vtpm_response *response)
{
  if (locality > VTPM_ENGINE_LOCALITY_MAX)
    {
      refuse (tpm, VTPM_TPM_REFUSE_LOCALITY, response);
      return;
    }
  vtpm_journal_set_locality (tpm->journal, locality);
  vtpm_engine_set_locality (tpm->engine, locality);
  vtpm_response_succeed (tpm->settings.version, response);
}

/* *CHANGED: the TPM may be another one now.  */
static void
process (struct vtpm_journaled_tpm *tpm, size_t size, struct vtpm_response *response,
         bool *changed)
{
  _cleanup_error_ struct vtpm_error *problem = NULL;
  uint64_t stores = vtpm_engine_stores (tpm->engine);

  *changed = !vtpm_tpm_changes_nothing (tpm->settings.version, tpm->command, size);
  if (vtpm_engine_process (tpm->engine, tpm->command, size, &response->data, &response->size,
                           &problem)
      < 0)
    {
      vtpm_log (VTPM_LOG_WARNING, "%s", vtpm_error_message (problem));
      refuse (tpm, VTPM_TPM_REFUSE_FAILURE, response);
    }
  if (vtpm_engine_stores (tpm->engine) != stores)
    *changed = true;
}

int
vtpm_journaled_tpm_execute (struct vtpm_journaled_tpm *tpm, struct vtpm_response *response,
                            struct vtpm_error **error)
{
  size_t size;
  const uint8_t *command = vtpm_journal_get_command (tpm->journal, &size);
  bool changed = false, durable = true;
  uint8_t locality;

  memcpy (tpm->command, command, size);
  if (size > VTPM_TPM_MESSAGE_MAX)
    refuse (tpm, VTPM_TPM_REFUSE_SIZE, response);
  else if (vtpm_tpm_is_set_locality (tpm->command, size, &locality))
    execute_set_locality (tpm, locality, response);
  else
    process (tpm, size, response, &changed);
  vtpm_fault_meet (VTPM_FAULT_EXECUTED);
  if (changed && record (tpm, response, &durable, error) < 0)
    return -1;
  return durable ? 0 : take_back (tpm, response, error);
}

void
vtpm_journaled_tpm_sent (struct vtpm_journaled_tpm *tpm)
{
  vtpm_fault_meet (VTPM_FAULT_RESPONDED);
  vtpm_journal_mark_sent (tpm->journal, tpm->number);
  vtpm_fault_meet (VTPM_FAULT_SENT);
}

/* The response in the last record, once that is committed.  */
static int
resend (struct vtpm_journaled_tpm *tpm, struct vtpm_response *response,
        struct vtpm_error **error)
{
  struct vtpm_engine_state state;
  struct vtpm_journal_record last;
  bool durable;

  if (get_last_state (tpm, &state, &last, error) < 0
      || commit (tpm, last.permanent_version, &durable, error) < 0)
    return -1;
  if (!durable)
    return take_back (tpm, response, error);
  respond (last.response, last.response_size, response);
  return 0;
}

static void
refuse_pending (struct vtpm_journaled_tpm *tpm, struct vtpm_response *response)
{
  struct vtpm_tpm_header header = { 0 };
  size_t size;
  const uint8_t *command = vtpm_journal_get_command (tpm->journal, &size);

  vtpm_tpm_header_read (command, size, &header);
  vtpm_log (VTPM_LOG_ERROR,
            "command 0x%x has ended the emulator before: it is answered with TPM_RC_FAILURE",
            header.code);
  refuse (tpm, VTPM_TPM_REFUSE_FAILURE, response);
}

static int
execute_pending (struct vtpm_journaled_tpm *tpm, struct vtpm_response *response,
                 struct vtpm_error **error)
{
  size_t size;
  const uint8_t *command = vtpm_journal_get_command (tpm->journal, &size);

  /* One of our own: who wanted it asks again.  */
  if (size == 0)
    {
      respond (NULL, 0, response);
      return 0;
    }
  if (tpm->number == tpm->settings.refuse)
    {
      refuse_pending (tpm, response);
      return 0;
    }
  vtpm_journal_take (tpm->journal, tpm->number, size,
                     vtpm_tpm_allowance (tpm->settings.version, command, size));
  return vtpm_journaled_tpm_execute (tpm, response, error);
}

int
vtpm_journaled_tpm_finish_pending (struct vtpm_journaled_tpm *tpm, bool *pending,
                                   struct vtpm_response *response, struct vtpm_error **error)
{
  enum vtpm_journal_pending what = tpm->pending;

  tpm->pending = VTPM_PENDING_NOTHING;
  *pending = what != VTPM_PENDING_NOTHING;
  if (what == VTPM_PENDING_SEND)
    return resend (tpm, response, error);
  if (what == VTPM_PENDING_EXECUTE)
    return execute_pending (tpm, response, error);
  return 0;
}

static int
shut_down (struct vtpm_journaled_tpm *tpm, struct vtpm_error **error)
{
  return vtpm_engine_shut_down (tpm->engine, error);
}

int
vtpm_journaled_tpm_shut_down (struct vtpm_journaled_tpm *tpm, struct vtpm_error **error)
{
  return execute_own (tpm, shut_down, error);
}
