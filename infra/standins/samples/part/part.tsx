export default function Part() {
  return <p>{@quoted@}</p>;
}
