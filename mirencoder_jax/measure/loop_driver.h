/* What a loop's program gives to loop_driver.c. */
#define LOOP_MAX_ARRAYS 32

struct loop_array {
  char kind; /* i, u or f */
  int size;
  long count;
  char content; /* first letter */
  double numbers[2];
  int writable;
};

extern const int loop_num_arrays;
extern const struct loop_array loop_arrays[];
extern void *loop_data[]; /* set for globals, else the driver allocates */
extern long long loop_evaluations, loop_iterations;

double loop_call(int clone, long repetitions);
void loop_count(void);
