/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
/*
 * power-cut IMAGE LOG SEED
 *
 * Brings IMAGE to a state in which a power cut may have left a disk: it has all
 * that LOG says was written before the last flush, and of what was written after
 * it, in no order, each sector or not.  IMAGE is the disk as it was when LOG began;
 * LOG is what `tests/vm/run --disk-log` leaves of a machine that was killed, in the
 * format of Linux's dm-log-writes (drivers/md/dm-log-writes.c).
 */
#include <endian.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

#include "error.h"

#define LOG_MAGIC UINT64_C (0x6a736677736872)
#define LOG_FLUSH 1u
#define LOG_FUA 2u
#define LOG_DISCARD 4u

/* All little-endian; one in the log's first sector, one in the first sector of
   each entry.  */
struct log_super
{
  uint64_t magic;
  uint64_t version;
  uint64_t entries;
  uint32_t sector_size;
};

struct log_entry
{
  uint64_t sector;
  uint64_t sectors;
  uint64_t flags;
  uint64_t data_length;
};

struct replay
{
  const char *image_name;
  const char *log_name;
  int image;
  int log;
  uint64_t log_size;
  uint32_t sector_size;
  uint64_t random;
  unsigned int survival; /* of sectors that were not flushed, in percent */
  uint64_t flushed;      /* sectors written before the last flush */
  uint64_t survived;     /* of those written after it */
  uint64_t lost;
};

/* splitmix64 */
static uint64_t
next_random (uint64_t *state, uint64_t limit)
{
  uint64_t z = *state += 0x9e3779b97f4a7c15u;

  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
  z = (z ^ z >> 27) * 0x94d049bb133111ebu;
  return (z ^ z >> 31) % limit;
}

static int
read_super (struct replay *replay, struct vtpm_error **error)
{
  struct log_super super;
  ssize_t size = pread (replay->log, &super, sizeof (super), 0);

  if (size < 0)
    return vtpm_error_set (error, errno, "cannot read %s", replay->log_name);
  /* It is written with the first flush.  */
  if (size == 0 || (size == sizeof (super) && super.magic == 0))
    {
      replay->sector_size = 512;
      return 0;
    }
  if (size != sizeof (super) || le64toh (super.magic) != LOG_MAGIC)
    return vtpm_error_set_plain (error, EPROTO, "%s is no log of writes", replay->log_name);
  replay->sector_size = le32toh (super.sector_size);
  if (replay->sector_size < sizeof (struct log_entry) || replay->sector_size > 65536)
    return vtpm_error_set_plain (error, EPROTO, "%s has sectors of %" PRIu32 " bytes",
                                 replay->log_name, replay->sector_size);
  return 0;
}

/* Reads the entry at *OFFSET and moves that to the next.  False at the end, which is
   also where an entry was not written in time.  */
static bool
next_entry (const struct replay *replay, uint64_t *offset, struct log_entry *entry,
            uint64_t *data)
{
  uint64_t size;

  if (pread (replay->log, entry, sizeof (*entry), (off_t) *offset) != sizeof (*entry))
    return false;
  entry->sector = le64toh (entry->sector);
  entry->sectors = le64toh (entry->sectors);
  entry->flags = le64toh (entry->flags);
  if (entry->flags == 0 && entry->sectors == 0)
    return false;
  *data = *offset + replay->sector_size;
  size = entry->flags & LOG_DISCARD ? 0 : entry->sectors * replay->sector_size;
  if (*data + size > replay->log_size)
    return false;
  *offset = *data + size;
  return true;
}

/* The offset behind the last flush; the log's first entry if there was none.  */
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
  uint8_t sector[65536];
  size_t size = replay->sector_size;

  if (pread (replay->log, sector, size, (off_t) from) != (ssize_t) size)
    return vtpm_error_set (error, EIO, "cannot read %s", replay->log_name);
  if (pwrite (replay->image, sector, size, (off_t) to) != (ssize_t) size)
    return vtpm_error_set (error, EIO, "cannot write to %s", replay->image_name);
  return 0;
}

static bool
survives (struct replay *replay)
{
  bool does = next_random (&replay->random, 100) < replay->survival;

  if (does)
    replay->survived++;
  else
    replay->lost++;
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
        replay->flushed++;
      else if (!survives (replay))
        continue;
      if (copy_sector (replay, data + i * replay->sector_size,
                       (entry->sector + i) * replay->sector_size, error) < 0)
        return -1;
    }
  return 0;
}

static int
cut (struct replay *replay, struct vtpm_error **error)
{
  uint64_t last_flush, offset, data;
  struct log_entry entry;
  struct stat status;

  if (fstat (replay->log, &status) < 0)
    return vtpm_error_set (error, errno, "cannot stat %s", replay->log_name);
  replay->log_size = (uint64_t) status.st_size;
  if (read_super (replay, error) < 0)
    return -1;
  last_flush = find_last_flush (replay);
  offset = replay->sector_size;
  while (next_entry (replay, &offset, &entry, &data))
    if (apply (replay, &entry, data, offset <= last_flush || entry.flags & LOG_FUA, error) < 0)
      return -1;
  return 0;
}

static int
run (char **arguments, struct replay *replay, struct vtpm_error **error)
{
  _cleanup_close_ int image = open (arguments[0], O_RDWR | O_CLOEXEC);
  _cleanup_close_ int log = open (arguments[1], O_RDONLY | O_CLOEXEC);

  if (image < 0 || log < 0)
    return vtpm_error_set (error, errno, "cannot open %s", arguments[image < 0 ? 0 : 1]);
  *replay = (struct replay){
    .image_name = arguments[0],
    .log_name = arguments[1],
    .image = image,
    .log = log,
    .random = strtoull (arguments[2], NULL, 10),
  };
  replay->survival = (unsigned int) next_random (&replay->random, 5) * 25;
  return cut (replay, error);
}

int
main (int argc, char **argv)
{
  _cleanup_error_ struct vtpm_error *error = NULL;
  struct replay replay;

  if (argc != 4)
    {
      fputs ("usage: power-cut IMAGE LOG SEED\n", stderr);
      return 2;
    }
  if (run (argv + 1, &replay, &error) < 0)
    {
      fprintf (stderr, "power-cut: %s\n", vtpm_error_message (error));
      return 1;
    }
  printf ("%" PRIu64 " sectors were flushed; of %" PRIu64 " that were not, %" PRIu64 " are lost\n",
          replay.flushed, replay.survived + replay.lost, replay.lost);
  return 0;
}
