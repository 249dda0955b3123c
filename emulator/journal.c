/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "journal.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "fault_points.h"

#define SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW)

/* "vTPM jrn" and the version of the layout.  */
#define MAGIC UINT64_C (0x7654504d206a7201)

struct record_slot
{
  _Atomic uint64_t number; /* 0: empty, or being written */
  uint32_t permanent;      /* index of a permanent slot */
  uint32_t response_size;
  uint32_t volatile_size;
  uint32_t saved_size;
  uint8_t response[VTPM_TPM_MESSAGE_MAX];
  uint8_t state[VTPM_JOURNAL_VOLATILE_MAX]; /* volatile, then saved */
};

struct permanent_slot
{
  _Atomic uint64_t version;
  _Atomic uint32_t size; /* 0: empty, or being written */
  uint8_t state[VTPM_JOURNAL_PERMANENT_MAX];
};

/* The shared memory.  */
struct vtpm_journal
{
  uint64_t magic;
  _Atomic uint64_t reading;
  _Atomic uint64_t taken;
  _Atomic uint64_t sent;
  _Atomic uint32_t command_size;
  _Atomic uint32_t allowance;
  _Atomic uint32_t watched;
  _Atomic uint32_t locality;
  uint8_t command[VTPM_JOURNAL_COMMAND_SIZE];
  struct record_slot records[2];
  struct permanent_slot permanents[2];
};

int
vtpm_journal_create (int *fd, struct vtpm_error **error)
{
  _cleanup_close_ int made = memfd_create ("vtpm-journal", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  const uint64_t magic = MAGIC;

  if (made < 0 || ftruncate (made, sizeof (struct vtpm_journal)) < 0
      || pwrite (made, &magic, sizeof (magic), 0) != sizeof (magic)
      || fcntl (made, F_ADD_SEALS, SEALS) < 0)
    return vtpm_error_set (error, errno, "cannot make a journal");
  *fd = vtpm_steal_fd (&made);
  return 0;
}

int
vtpm_journal_map (int fd, struct vtpm_journal **journal, struct vtpm_error **error)
{
  struct vtpm_journal *mapped;
  struct stat status;
  int seals = fcntl (fd, F_GET_SEALS);

  if (seals < 0 || fstat (fd, &status) < 0)
    return vtpm_error_set (error, errno, "descriptor %d is no journal", fd);
  if ((seals & SEALS) != SEALS || status.st_size != sizeof (*mapped))
    return vtpm_error_set_plain (error, EINVAL,
                                 "descriptor %d is no journal of this version: %jd bytes, seals %#x",
                                 fd, (intmax_t) status.st_size, (unsigned int) seals);
  mapped = mmap (NULL, sizeof (*mapped), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (mapped == MAP_FAILED)
    return vtpm_error_set (error, errno, "cannot map the journal");
  if (mapped->magic != MAGIC)
    {
      munmap (mapped, sizeof (*mapped));
      return vtpm_error_set_plain (error, EINVAL, "descriptor %d is no journal of this version",
                                   fd);
    }
  *journal = mapped;
  return 0;
}

void
vtpm_journal_unmap (struct vtpm_journal *journal)
{
  if (journal != NULL)
    munmap (journal, sizeof (*journal));
}

static uint32_t
command_header_size (const struct vtpm_journal *journal)
{
  struct vtpm_tpm_header header;

  vtpm_tpm_header_read (journal->command, VTPM_TPM_HEADER_SIZE, &header);
  return header.size;
}

void
vtpm_journal_get_marks (const struct vtpm_journal *journal, struct vtpm_journal_marks *marks)
{
  *marks = (struct vtpm_journal_marks) {
    .reading = atomic_load (&journal->reading),
    .taken = atomic_load (&journal->taken),
    .sent = atomic_load (&journal->sent),
    .record = { atomic_load (&journal->records[0].number),
                atomic_load (&journal->records[1].number) },
    .delivered = command_header_size (journal) != 0,
  };
}

int
vtpm_journal_last_slot (const struct vtpm_journal_marks *marks)
{
  int slot = marks->record[1] > marks->record[0] ? 1 : 0;

  return marks->record[slot] != 0 ? slot : -1;
}

/* The last byte too: a page fault in the midst of read(2) of a process that is
   being killed fails, and the command would be lost.  */
uint8_t *
vtpm_journal_begin_read (struct vtpm_journal *journal, uint64_t number)
{
  memset (journal->command, 0, VTPM_TPM_HEADER_SIZE);
  *(volatile uint8_t *) &journal->command[VTPM_JOURNAL_COMMAND_SIZE - 1] = 0;
  atomic_store (&journal->command_size, 0);
  atomic_store (&journal->reading, number);
  return journal->command;
}

/* All stores here are sequentially consistent, so that of an emulator that
   looks whether it is watched and a supervisor that looks whether there is work
   at least one sees the other.  */
bool
vtpm_journal_take (struct vtpm_journal *journal, uint64_t number, size_t size, uint32_t allowance)
{
  atomic_store (&journal->command_size, (uint32_t) size);
  atomic_store (&journal->allowance, allowance);
  atomic_store (&journal->taken, number);
  return atomic_load (&journal->watched) != 0;
}

void
vtpm_journal_take_own (struct vtpm_journal *journal, uint64_t number)
{
  vtpm_journal_begin_read (journal, number);
  atomic_store (&journal->taken, number);
}

/* A command whose size was not noted came as long as its header says, since
   that is how much the kernel passes on.  */
const uint8_t *
vtpm_journal_get_command (const struct vtpm_journal *journal, size_t *size)
{
  uint32_t noted = atomic_load (&journal->command_size);

  if (noted == 0)
    noted = command_header_size (journal);
  *size = noted < VTPM_JOURNAL_COMMAND_SIZE ? noted : VTPM_JOURNAL_COMMAND_SIZE;
  return journal->command;
}

static int
check_sizes (const struct vtpm_journal_record *record, struct vtpm_error **error)
{
  if (record->response_size > VTPM_TPM_MESSAGE_MAX
      || record->volatile_size > VTPM_JOURNAL_VOLATILE_MAX
      || record->saved_size > VTPM_JOURNAL_VOLATILE_MAX - record->volatile_size
      || record->permanent_size == 0 || record->permanent_size > VTPM_JOURNAL_PERMANENT_MAX)
    return vtpm_error_set_plain (
        error, EFBIG,
        "a state of %zu volatile, %zu saved and %zu permanent bytes does not fit the journal",
        record->volatile_size, record->saved_size, record->permanent_size);
  return 0;
}

/* Where the record's permanent state is: in the slot that LAST refers to, if it
   has not changed, or in the other one, into which it is written.  */
static uint32_t
write_permanent (struct vtpm_journal *journal, int last, uint64_t number,
                 struct vtpm_journal_record *record)
{
  uint32_t present = last < 0 ? 0 : journal->records[last].permanent & 1;
  struct permanent_slot *slot = &journal->permanents[present];

  if (slot->size == record->permanent_size
      && memcmp (slot->state, record->permanent, record->permanent_size) == 0)
    {
      record->permanent_version = slot->version;
      return present;
    }
  present ^= 1;
  slot = &journal->permanents[present];
  atomic_store (&slot->size, 0);
  memcpy (slot->state, record->permanent, record->permanent_size);
  atomic_store (&slot->version, number);
  atomic_store (&slot->size, (uint32_t) record->permanent_size);
  vtpm_fault_meet (VTPM_FAULT_PERMANENT_WRITTEN);
  record->permanent_version = number;
  return present;
}

int
vtpm_journal_publish (struct vtpm_journal *journal, uint64_t number,
                      struct vtpm_journal_record *record, struct vtpm_error **error)
{
  struct vtpm_journal_marks marks;
  struct record_slot *slot;
  int last;

  if (check_sizes (record, error) < 0)
    return -1;
  vtpm_journal_get_marks (journal, &marks);
  last = vtpm_journal_last_slot (&marks);
  slot = &journal->records[last == 0 ? 1 : 0];
  atomic_store (&slot->number, 0);
  slot->permanent = write_permanent (journal, last, number, record);
  slot->response_size = (uint32_t) record->response_size;
  slot->volatile_size = (uint32_t) record->volatile_size;
  slot->saved_size = (uint32_t) record->saved_size;
  if (record->response_size > 0)
    memcpy (slot->response, record->response, record->response_size);
  memcpy (slot->state, record->volatile_state, record->volatile_size);
  if (record->saved_size > 0)
    memcpy (slot->state + record->volatile_size, record->saved, record->saved_size);
  vtpm_fault_meet (VTPM_FAULT_RECORD_WRITTEN);
  atomic_store (&slot->number, number);
  return 0;
}

int
vtpm_journal_get_record (const struct vtpm_journal *journal, int slot,
                         struct vtpm_journal_record *record, struct vtpm_error **error)
{
  const struct record_slot *found = &journal->records[slot];
  const struct permanent_slot *permanent = &journal->permanents[found->permanent & 1];

  *record = (struct vtpm_journal_record) {
    .response = found->response,
    .response_size = found->response_size,
    .volatile_state = found->state,
    .volatile_size = found->volatile_size,
    .saved_size = found->saved_size,
    .permanent = permanent->state,
    .permanent_size = permanent->size,
    .permanent_version = permanent->version,
  };
  if (check_sizes (record, error) < 0)
    return -1;
  if (record->saved_size > 0)
    record->saved = found->state + record->volatile_size;
  return 0;
}

void
vtpm_journal_discard (struct vtpm_journal *journal, uint64_t number)
{
  for (int i = 0; i < 2; i++)
    if (atomic_load (&journal->records[i].number) == number)
      atomic_store (&journal->records[i].number, 0);
}

void
vtpm_journal_mark_sent (struct vtpm_journal *journal, uint64_t number)
{
  atomic_store (&journal->sent, number);
}

/* A command of our own has no header; it is not finished by an answer.  */
void
vtpm_journal_mark_answered (struct vtpm_journal *journal)
{
  uint64_t number = atomic_load (&journal->reading);

  if (command_header_size (journal) == 0)
    return;
  atomic_store (&journal->taken, number);
  atomic_store (&journal->sent, number);
}

void
vtpm_journal_set_locality (struct vtpm_journal *journal, uint8_t locality)
{
  atomic_store (&journal->locality, locality);
}

uint8_t
vtpm_journal_get_locality (const struct vtpm_journal *journal)
{
  return (uint8_t) atomic_load (&journal->locality);
}

int
vtpm_journal_seed (struct vtpm_journal *journal, const uint8_t *permanent, size_t size,
                   struct vtpm_error **error)
{
  struct permanent_slot *slot = &journal->permanents[0];

  if (size == 0 || size > VTPM_JOURNAL_PERMANENT_MAX)
    return vtpm_error_set_plain (error, EFBIG, "a state of %zu bytes does not fit the journal",
                                 size);
  memcpy (slot->state, permanent, size);
  atomic_store (&slot->size, (uint32_t) size);
  return 0;
}

const uint8_t *
vtpm_journal_get_seed (const struct vtpm_journal *journal, size_t *size)
{
  const struct permanent_slot *slot = &journal->permanents[0];

  *size = slot->size <= VTPM_JOURNAL_PERMANENT_MAX ? slot->size : 0;
  return *size > 0 && slot->version == 0 ? slot->state : NULL;
}

/* Sizes are read once, and what they bound is copied before anything is done
   with it.  */
int
vtpm_journal_copy_permanent (const struct vtpm_journal *journal, uint64_t version, uint8_t **copy,
                             size_t *size, struct vtpm_error **error)
{
  for (int i = 0; i < 2; i++)
    {
      const struct permanent_slot *slot = &journal->permanents[i];
      size_t length = atomic_load (&slot->size);

      if (atomic_load (&slot->version) != version || length == 0
          || length > VTPM_JOURNAL_PERMANENT_MAX)
        continue;
      *copy = malloc (length);
      if (*copy == NULL)
        return vtpm_error_set (error, ENOMEM, "cannot copy a state of %zu bytes", length);
      memcpy (*copy, slot->state, length);
      *size = length;
      return 0;
    }
  return vtpm_error_set_plain (error, EPROTO, "the journal has no permanent state %ju",
                               (uintmax_t) version);
}

uint64_t
vtpm_journal_get_work (const struct vtpm_journal *journal, uint32_t *allowance)
{
  uint64_t taken = atomic_load (&journal->taken);

  *allowance = atomic_load (&journal->allowance);
  return atomic_load (&journal->sent) == taken ? 0 : taken;
}

void
vtpm_journal_set_watched (struct vtpm_journal *journal, bool watched)
{
  atomic_store (&journal->watched, watched);
}
