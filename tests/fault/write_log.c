/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "write_log.h"

#include <endian.h>
#include <inttypes.h>
#include <stdbool.h>
#include <sys/stat.h>

#define LOG_MAGIC UINT64_C (0x6a736677736872)
#define LOG_FLUSH 1u
#define LOG_FUA 2u
#define LOG_DISCARD 4u

#define SECTOR_SIZE_MAX 4096

/* In the log's first sector; little-endian.  */
struct log_super
{
  uint64_t magic;
  uint64_t version;
  uint64_t entries;
  uint32_t sector_size;
};

/* In the first sector of an entry; the data follows in the next.  */
struct log_entry
{
  uint64_t sector;
  uint64_t sectors;
  uint64_t flags;
  uint64_t data_length;
};

struct replay
{
  int image_fd;
  int log_fd;
  uint64_t log_size;
  uint32_t sector_size;
  struct dice *dice;
  unsigned int survival; /* in percent */
  struct write_log_cut *cut;
};

/* QEMU writes it with the first flush: until then there is none, or a hole.  */
static int
read_super (struct replay *replay, struct vtpm_error **error)
{
  struct log_super super = { 0 };

  replay->sector_size = 512;
  if (pread (replay->log_fd, &super, sizeof (super), 0) < 0)
    return vtpm_error_set (error, errno, "cannot read the log");
  if (super.magic == 0)
    return 0;
  if (le64toh (super.magic) != LOG_MAGIC || le64toh (super.version) != 1)
    return vtpm_error_set_plain (error, EPROTO, "this is no log of writes");
  replay->sector_size = le32toh (super.sector_size);
  if (replay->sector_size < sizeof (struct log_entry) || replay->sector_size > SECTOR_SIZE_MAX)
    return vtpm_error_set_plain (error, EPROTO, "the log has sectors of %" PRIu32 " bytes",
                                 replay->sector_size);
  return 0;
}

/* Reads the entry at *OFFSET and moves that to the next.  False at the end, which is
   also where an entry was not written in time.  */
static bool
next_entry (const struct replay *replay, uint64_t *offset, struct log_entry *entry, uint64_t *data)
{
  uint64_t left;

  if (pread (replay->log_fd, entry, sizeof (*entry), (off_t) *offset) != sizeof (*entry))
    return false;
  entry->sector = le64toh (entry->sector);
  entry->sectors = le64toh (entry->sectors);
  entry->flags = le64toh (entry->flags);
  *data = *offset + replay->sector_size;
  /* QEMU reserves the place of an entry before it writes it.  */
  if ((entry->flags == 0 && entry->sectors == 0) || *data > replay->log_size)
    return false;
  left = (replay->log_size - *data) / replay->sector_size;
  if (entry->flags & LOG_DISCARD)
    *offset = *data;
  else if (entry->sectors > left)
    return false;
  else
    *offset = *data + entry->sectors * replay->sector_size;
  return true;
}

/* The offset behind the last flush; of the first entry if there was none.  */
static uint64_t
find_last_flush (const struct replay *replay)
{
  uint64_t offset = replay->sector_size, found = offset, data;
  struct log_entry entry;

  while (next_entry (replay, &offset, &entry, &data))
    if (entry.flags & LOG_FLUSH)
      found = offset;
  return found;
}

static int
copy_sector (const struct replay *replay, uint64_t from, uint64_t to, struct vtpm_error **error)
{
  uint8_t sector[SECTOR_SIZE_MAX];
  size_t size = replay->sector_size;

  if (pread (replay->log_fd, sector, size, (off_t) from) != (ssize_t) size)
    return vtpm_error_set (error, EIO, "cannot read the log");
  if (pwrite (replay->image_fd, sector, size, (off_t) to) != (ssize_t) size)
    return vtpm_error_set (error, EIO, "cannot write to the image");
  return 0;
}

static bool
survives (struct replay *replay)
{
  bool does = dice_roll (replay->dice, 100) < replay->survival;

  if (does)
    replay->cut->survived++;
  else
    replay->cut->lost++;
  return does;
}

/* A discard leaves what was there, as a disk may.  */
static int
apply (struct replay *replay, const struct log_entry *entry, uint64_t data, bool durable,
       struct vtpm_error **error)
{
  if (entry->flags & LOG_DISCARD)
    return 0;
  for (uint64_t i = 0; i < entry->sectors; i++)
    {
      if (durable)
        replay->cut->flushed++;
      else if (!survives (replay))
        continue;
      if (copy_sector (replay, data + i * replay->sector_size,
                       (entry->sector + i) * replay->sector_size, error)
          < 0)
        return -1;
    }
  return 0;
}

int
write_log_cut_power (int image_fd, int log_fd, struct dice *dice, struct write_log_cut *cut,
                     struct vtpm_error **error)
{
  struct replay replay = { .image_fd = image_fd, .log_fd = log_fd, .dice = dice, .cut = cut };
  uint64_t last_flush, offset, data;
  struct log_entry entry;
  struct stat status;

  *cut = (struct write_log_cut){ 0 };
  if (fstat (log_fd, &status) < 0)
    return vtpm_error_set (error, errno, "cannot stat the log");
  replay.log_size = (uint64_t) status.st_size;
  replay.survival = (unsigned int) dice_roll (dice, 5) * 25;
  if (read_super (&replay, error) < 0)
    return -1;
  last_flush = find_last_flush (&replay);
  offset = replay.sector_size;
  while (next_entry (&replay, &offset, &entry, &data))
    if (apply (&replay, &entry, data, offset <= last_flush || entry.flags & LOG_FUA, error) < 0)
      return -1;
  return 0;
}
