/* What a program gives to driver.c. */
#define DRIVER_MAX_ARRAYS 32

struct driver_array {
  char kind; /* i, u or f */
  int size;
  long count;
  char content; /* first letter */
  double numbers[2];
  int writable;
};

extern const int driver_num_arrays;
extern const struct driver_array driver_arrays[];
extern void *driver_data[]; /* set for globals, else the driver allocates */
extern long long driver_evaluations, driver_iterations;

extern const int driver_wall_clock; /* else processor time */

double driver_call(int clone, long repetitions);
void driver_count(void);
