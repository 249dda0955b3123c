/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "write_log.h"

#include <endian.h>

#include "expect_error.h"
#include "temp_dir.h"

#define SECTOR 512
#define IMAGE_SECTORS 64
#define SEEDS 40

#define FLUSH 1
#define FUA 2
#define DISCARD 4

static int image, log_fd;
static off_t log_end;

static void
set_up (void)
{
  make_temp_dir ();
  image = open (temp_path ("image"), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  log_fd = open (temp_path ("log"), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  cr_assert (image >= 0 && log_fd >= 0);
  log_end = SECTOR;
}

static void
tear_down (void)
{
  close (image);
  close (log_fd);
  remove_temp_dir ();
}

TestSuite (fault_write_log, .init = set_up, .fini = tear_down);

static void
write_super (uint64_t magic, uint32_t sector_size)
{
  uint64_t super[4] = { htole64 (magic), htole64 (1), 0, htole32 (sector_size) };

  cr_assert_eq (pwrite (log_fd, super, sizeof (super), 0), (ssize_t) sizeof (super));
}

/* COUNT sectors at SECTOR_NUMBER, full of FILL.  */
static void
log_write (uint64_t sector_number, uint64_t count, uint64_t flags, char fill)
{
  uint64_t head[SECTOR / 8] = { htole64 (sector_number), htole64 (count), htole64 (flags) };
  char data[SECTOR];

  cr_assert_eq (pwrite (log_fd, head, SECTOR, log_end), SECTOR);
  log_end += SECTOR;
  memset (data, fill, sizeof (data));
  for (uint64_t i = 0; i < count && !(flags & DISCARD); i++, log_end += SECTOR)
    cr_assert_eq (pwrite (log_fd, data, SECTOR, log_end), SECTOR);
}

static void
log_flush (void)
{
  log_write (0, 0, FLUSH, 0);
  write_super (UINT64_C (0x6a736677736872), SECTOR);
}

/* The image is all '-' before.  */
static struct write_log_cut
cut (uint64_t seed)
{
  struct write_log_cut result;
  struct dice dice = { seed };
  char empty[IMAGE_SECTORS * SECTOR];

  memset (empty, '-', sizeof (empty));
  cr_assert_eq (pwrite (image, empty, sizeof (empty), 0), (ssize_t) sizeof (empty));
  assert_success (write_log_cut_power (image, log_fd, &dice, &result, &error));
  return result;
}

static char
sector_fill (off_t number)
{
  char data[SECTOR];

  cr_assert_eq (pread (image, data, SECTOR, number * SECTOR), SECTOR);
  for (int i = 1; i < SECTOR; i++)
    cr_assert_eq (data[i], data[0], "sector %d is torn", (int) number);
  return data[0];
}

Test (fault_write_log, what_was_flushed_is_there)
{
  log_write (3, 2, 0, 'a');
  log_write (4, 1, 0, 'b');
  log_flush ();
  for (uint64_t seed = 0; seed < SEEDS; seed++)
    {
      struct write_log_cut result = cut (seed);

      cr_expect_eq (result.flushed, 3);
      cr_expect_eq (result.lost + result.survived, 0);
      cr_expect_eq (sector_fill (2), '-');
      cr_expect_eq (sector_fill (3), 'a');
      cr_expect_eq (sector_fill (4), 'b');
    }
}

Test (fault_write_log, the_rest_is_there_or_not)
{
  int there = 0, all = 0, none = 0;

  log_write (0, 1, 0, 'a');
  log_flush ();
  log_write (0, IMAGE_SECTORS, 0, 'b');
  for (uint64_t seed = 0; seed < SEEDS; seed++)
    {
      struct write_log_cut result = cut (seed);
      int count = 0;

      for (int i = 0; i < IMAGE_SECTORS; i++)
        count += sector_fill (i) == 'b';
      cr_expect_eq (result.survived, (uint64_t) count);
      cr_expect_eq (result.lost, (uint64_t) (IMAGE_SECTORS - count));
      cr_expect_neq (sector_fill (0), '-');
      there += count;
      all += count == IMAGE_SECTORS;
      none += count == 0;
    }
  cr_expect (all > 0 && none > 0 && all + none < SEEDS, "%d all, %d none", all, none);
  cr_expect (there > SEEDS * IMAGE_SECTORS / 4 && there < SEEDS * IMAGE_SECTORS * 3 / 4);
}

Test (fault_write_log, a_forced_write_is_there)
{
  log_flush ();
  log_write (5, 1, FUA, 'f');
  for (uint64_t seed = 0; seed < SEEDS; seed++)
    {
      cut (seed);
      cr_expect_eq (sector_fill (5), 'f');
    }
}

Test (fault_write_log, a_discard_has_no_data)
{
  log_write (7, 1000000, DISCARD, 0);
  log_write (8, 1, 0, 'd');
  log_flush ();
  cr_expect_eq (cut (1).flushed, 1);
  cr_expect_eq (sector_fill (7), '-');
  cr_expect_eq (sector_fill (8), 'd');
}

Test (fault_write_log, ends_where_an_entry_is_incomplete)
{
  log_write (1, 1, 0, 'a');
  log_flush ();
  log_write (2, 3, FUA, 'b');
  cr_assert_eq (ftruncate (log_fd, log_end - SECTOR / 2), 0);
  cr_expect_eq (cut (1).flushed, 1);
  cr_expect_eq (sector_fill (2), '-');
}

Test (fault_write_log, ends_at_a_hole)
{
  log_write (1, 1, 0, 'a');
  log_flush ();
  log_end += 2 * SECTOR;
  log_write (2, 1, FUA, 'b');
  cr_expect_eq (cut (1).flushed, 1);
  cr_expect_eq (sector_fill (2), '-');
}

Test (fault_write_log, may_be_empty)
{
  struct write_log_cut result = cut (1);

  cr_expect_eq (result.flushed + result.survived + result.lost, 0);
}

Test (fault_write_log, without_a_flush_nothing_is_sure)
{
  log_write (1, 8, 0, 'a');
  cr_expect_eq (cut (1).flushed, 0);
  cr_expect_eq (cut (1).survived + cut (1).lost, 8);
}

Test (fault_write_log, refuses_other_files)
{
  struct write_log_cut result;
  struct dice dice = { 1 };

  write_super (1, SECTOR);
  expect_error (write_log_cut_power (image, log_fd, &dice, &result, &error), EPROTO,
                "no log of writes");
  write_super (UINT64_C (0x6a736677736872), 16);
  expect_error (write_log_cut_power (image, log_fd, &dice, &result, &error), EPROTO,
                "sectors of 16 bytes");
  write_super (UINT64_C (0x6a736677736872), 1 << 20);
  expect_error (write_log_cut_power (image, log_fd, &dice, &result, &error), EPROTO,
                "sectors of 1048576 bytes");
  expect_error (write_log_cut_power (image, -1, &dice, &result, &error), EBADF, "cannot stat");
}
