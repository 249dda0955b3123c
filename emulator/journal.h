/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_JOURNAL_H
#define OCI_VTPM_JOURNAL_H

/*
 * What a TPM's next emulator needs to go on where the last one died: memory
 * that the supervisor makes (a sealed memfd) and an emulator writes.
 *
 * Commands are numbered from 1.  For command N an emulator
 *
 *   1. says that it will read N, and reads it from the device into the journal;
 *   2. says that it has taken N, and how long N may take;
 *   3. executes a copy of it;
 *   4. if N changed anything, publishes record N: the response, the volatile
 *      state, the saved state (TPM 1.2), and the permanent state if N changed
 *      that;
 *   5. if N changed the permanent state and that is kept on disk, has the
 *      supervisor commit it;
 *   6. writes the response to the device;
 *   7. says that it has sent N.
 *
 * There are two slots for records and two for permanent states.  A slot that is
 * being written has no number, and a record never refers to a permanent state
 * that is being written: whatever a writer was doing when it died, the record
 * before is whole.  Record N is the one moment at which N has happened.
 * journal_recovery.h says what follows from what is found.
 *
 * The start of a TPM publishes a record too, and so does its shutdown: they are
 * commands of our own, which nobody waits for.
 *
 * The supervisor reads as from an enemy: an emulator may have been broken into,
 * and may change the memory while it is read.  The next emulator has the same
 * rights as the last, but checks every size.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "tpm_header.h"

/* One byte more than the largest command: what fills it was larger.  */
#define VTPM_JOURNAL_COMMAND_SIZE (VTPM_TPM_MESSAGE_MAX + 1)

/* Far more than libtpms' states ever take; memory is used as it is written.  */
#define VTPM_JOURNAL_VOLATILE_MAX ((size_t) 256 << 10) /* volatile and saved together */
#define VTPM_JOURNAL_PERMANENT_MAX ((size_t) 1 << 20)

struct vtpm_journal;

/* Makes the memory, close-on-exec, of fixed size and with nothing in it.  */
int vtpm_journal_create (int *fd, struct vtpm_error **error);

/* Maps it.  A descriptor that is not of our making is an error.  */
int vtpm_journal_map (int fd, struct vtpm_journal **journal, struct vtpm_error **error);
void vtpm_journal_unmap (struct vtpm_journal *journal); /* may be NULL */

static inline void
vtpm_cleanup_journal (struct vtpm_journal **journal)
{
  vtpm_journal_unmap (*journal);
}

#define _cleanup_journal_ VTPM_CLEANUP (vtpm_cleanup_journal)

/* How far things have come.  0: never.  */
struct vtpm_journal_marks
{
  uint64_t reading;
  uint64_t taken;
  uint64_t sent;
  uint64_t record[2]; /* the slots */
  bool delivered;     /* the command that `reading` announced is in the journal */
};

void vtpm_journal_get_marks (const struct vtpm_journal *journal,
                             struct vtpm_journal_marks *marks);

/* The slot of the last record, -1 if there is none.  */
int vtpm_journal_last_slot (const struct vtpm_journal_marks *marks);

/* The emulator's steps.  */

/* Announces command NUMBER.  Returns where to read it to, with room for
   VTPM_JOURNAL_COMMAND_SIZE bytes.  An emulator that dies once read(2) has
   brought the command but before it could say so leaves it there; the place is
   wiped first, and the kernel passes no command on whose header is 0.  */
uint8_t *vtpm_journal_begin_read (struct vtpm_journal *journal, uint64_t number);

/* Says that the command has been taken, with SIZE bytes, and that it is to be
   finished within ALLOWANCE milliseconds.  False when nobody watches: then the
   supervisor wants to be told.  */
bool vtpm_journal_take (struct vtpm_journal *journal, uint64_t number, size_t size,
                        uint32_t allowance);

/* A command of our own: nothing is read, and nobody gets a response.  */
void vtpm_journal_take_own (struct vtpm_journal *journal, uint64_t number);

/* The command that was announced last, as it came; at most
   VTPM_JOURNAL_COMMAND_SIZE bytes, 0 of one of our own.  */
const uint8_t *vtpm_journal_get_command (const struct vtpm_journal *journal, size_t *size);

struct vtpm_journal_record
{
  const uint8_t *response;
  size_t response_size; /* 0: nobody waits for one */
  const uint8_t *volatile_state;
  size_t volatile_size;
  const uint8_t *saved; /* TPM 1.2's TPM_SaveState; NULL: none */
  size_t saved_size;
  const uint8_t *permanent;
  size_t permanent_size;

  /* The number of the record that brought this permanent state, 0 of one that
     was there from the start.  Set by the journal.  */
  uint64_t permanent_version;
};

/* Publishes RECORD as number NUMBER in the slot of the older one.  Sets its
   permanent_version.  An error, a state that is too large, changes nothing.  */
int vtpm_journal_publish (struct vtpm_journal *journal, uint64_t number,
                          struct vtpm_journal_record *record, struct vtpm_error **error);

/* What is in SLOT, which has a number; it points into the journal.  */
int vtpm_journal_get_record (const struct vtpm_journal *journal, int slot,
                             struct vtpm_journal_record *record, struct vtpm_error **error);

/* Takes record NUMBER back; the one before it is then the last.  */
void vtpm_journal_discard (struct vtpm_journal *journal, uint64_t number);

void vtpm_journal_mark_sent (struct vtpm_journal *journal, uint64_t number);

/* The locality of the commands that follow.  It is no part of a record: setting
   it again does no harm.  */
void vtpm_journal_set_locality (struct vtpm_journal *journal, uint8_t locality);
uint8_t vtpm_journal_get_locality (const struct vtpm_journal *journal);

/* The supervisor's.  */

/* Puts in the permanent state that a TPM begins with, before there is any
   record.  */
int vtpm_journal_seed (struct vtpm_journal *journal, const uint8_t *permanent, size_t size,
                       struct vtpm_error **error);

/* What was put in, NULL if nothing; for the emulator.  */
const uint8_t *vtpm_journal_get_seed (const struct vtpm_journal *journal, size_t *size);

/* A copy of the permanent state that record VERSION brought.  The caller wipes
   and frees *COPY.  */
int vtpm_journal_copy_permanent (const struct vtpm_journal *journal, uint64_t version,
                                 uint8_t **copy, size_t *size, struct vtpm_error **error);

/* The command being executed and how many milliseconds it may take; 0 when
   there is none.  */
uint64_t vtpm_journal_get_work (const struct vtpm_journal *journal, uint32_t *allowance);

/* Says that whoever gave the dead emulator a command has its answer, or gave it
   none: a driver that knows saves the next emulator a response too many.  */
void vtpm_journal_mark_answered (struct vtpm_journal *journal);

/* Says whether somebody watches.  */
void vtpm_journal_set_watched (struct vtpm_journal *journal, bool watched);

#endif
